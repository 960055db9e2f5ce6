export { TenantDeletionDueError, TenantExportNotConfiguredError, TenantGuardsMissingError } from './lifecycle.errors.js';
export { TenantDeletionRecord } from './tenant-deletion.entity.js';
export { resolveTenantDeletionOptions, TENANT_DELETION_OPTIONS, TenantDeletionOptions } from './tenant-deletion.options.js';
export { DELETE_TENANT_JOB, type DeletionRequest, TenantDeletionRequests } from './tenant-deletion-requests.js';
export type { TenantExportSink } from './tenant-export-sink.interface.js';
export { TenantGuardsCheck } from './tenant-guards.check.js';
export { type ClosingOptions, TenantLifecycle } from './tenant-lifecycle.js';
export { TenantStatusWriter } from './tenant-status.js';
