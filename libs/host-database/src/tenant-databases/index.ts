export { auditOutboxTable, TenantAuditCapture, TenantAuditRelay, TenantAuditRow } from './audit-outbox/index.js';
export {
  type ExportedFile,
  FileTenantExportSink,
  TenantDeletion,
  type TenantDeletionPlan,
  TenantExportFailedError,
  type TenantExportManifest,
  TenantPlaceIsHostError,
  TenantPlaceIsSharedError,
  type TenantRemovals,
} from './deletion/index.js';
export {
  type CanaryWave,
  type FleetCounts,
  fleetEntities,
  FleetInTransactionError,
  FleetMigrationFailedError,
  type FleetMigrationOptions,
  type FleetMigrationRequest,
  type FleetOptions,
  type FleetProgress,
  type FleetReport,
  type MigratableStatus,
  MIGRATE_FLEET_JOB,
  migrateTenants,
  type MigrateTenantsOptions,
  MigrationRunNotFoundError,
  type OutdatedTenant,
  type PlannedMigration,
  type TenantMigrationFailure,
  type TenantMigrationResult,
  TenantMigrations,
  TenantOutdatedError,
  type TerminalOutput,
} from './fleet/index.js';
export {
  getTenantRepositoryToken,
  InjectTenantEntityManager,
  InjectTenantRepository,
  TENANT_ENTITY_MANAGER,
} from './inject-tenant.decorators.js';
export {
  DuplicateProvisioningStepError,
  InvalidProvisioningStepError,
  type ProvisioningProgress,
  type ProvisioningState,
  type ProvisioningStepProgress,
  type ProvisioningStepStatus,
  type TenantProvisioningContext,
  TenantProvisioningFailedError,
  TenantProvisionings,
  TenantProvisioningStep,
  type TenantProvisioningStepOptions,
} from './provisioning/index.js';
export { WarmTenant } from './warm-pool/warm-tenant.entity.js';
export { tenantDatabaseEntities } from './tenant-database-entities.js';
export type { TenantDatabasesStatistics } from './lease-pool.options.js';
export { type KeyedCache, TenantCache } from './tenant-cache.js';
export { TenantKeys } from './tenant-keys.js';
export {
  type PlacementChoice,
  type PlacementDecision,
  type PlacementRequest,
  SCHEMA_DATABASE_SUFFIX,
  type ServerLoad,
  type TenantPlace,
  TenantPlacement,
  type TenantPlacementOptions,
  type TenantServerOptions,
  TenantUsers,
} from './placement/index.js';
export {
  AuditOutboxMissingError,
  AuditOutboxWriteError,
  NoTenantError,
  TenantCapacityError,
  TenantDatabasesClosedError,
  TenantPlacementError,
  type TenantPlacementReason,
  TenantRunEndedError,
  TenantSchemaError,
  TenantServerUnknownError,
  TenantSwitchError,
  TenantWorkCutError,
  WrongTenantError,
} from './tenant-databases.errors.js';
export { TenantDatabasesModule } from './tenant-databases.module.js';
export {
  resolveTenantDatabasesOptions,
  TENANT_DATABASES_OPTIONS,
  TenantDatabasesOptions,
  type TenantSeed,
  type WarmPoolOptions,
  type GivenTenantDatabasesOptions,
} from './tenant-databases.options.js';
export { TenantDatabases } from './tenant-databases.service.js';
export { TenantStorage } from './tenant-storage.js';
