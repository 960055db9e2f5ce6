export { TenantExportFailedError, TenantPlaceIsHostError, TenantPlaceIsSharedError } from './deletion.errors.js';
export { FileTenantExportSink } from './file.export-sink.js';
export { PlaceGuard } from './place-guard.js';
export { TenantDeletion, type TenantDeletionPlan, type TenantRemovals } from './tenant-deletion.js';
export { TenantDeletionJobs, TenantDeletionSweep } from './tenant-deletion.jobs.js';
export { type ExportedFile, type TenantExportManifest, TenantExports } from './tenant-exports.js';
export { TenantPlacesOfDeleted } from './tenant-places.js';
export { TenantPurge } from './tenant-purge.js';
