export { InvalidAuditEventTypeError } from './audit.errors.js';
export { AuditModule } from './audit.module.js';
export { type AuditEvent, type AuditQuery, AuditService } from './audit.service.js';
export { HostAuditLog } from './host-audit-log.entity.js';
