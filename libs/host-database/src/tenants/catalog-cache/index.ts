export { tenantChangesProvider } from './tenant-changes.js';
export {
  type ResolvedTenantDirectoryOptions,
  resolveTenantDirectoryOptions,
  TENANT_DIRECTORY_OPTIONS,
  TenantDirectoryOptions,
} from './tenant-directory.options.js';
export type { ReplacedRecord } from './tenant-cache.js';
export { TenantDirectory, type TenantDirectoryStatistics } from './tenant-directory.service.js';
export { TenantReader } from './tenant-reader.js';
export { TenantRecord } from './tenant-record.js';
