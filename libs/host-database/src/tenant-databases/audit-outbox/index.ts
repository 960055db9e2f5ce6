export { auditOutboxTable, TenantAuditRow } from './tenant-audit-row.entity.js';
export { TenantAuditCapture } from './tenant-audit-capture.js';
export { TenantAuditRelay } from './tenant-audit-relay.js';
export { tenantAuditRelayJobs } from './tenant-audit-relay.jobs.js';
