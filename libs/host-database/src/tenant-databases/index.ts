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
export type { TenantDatabasesStatistics } from './lease-pool.options.js';
export {
  NoTenantError,
  TenantCapacityError,
  TenantDatabasesClosedError,
  TenantRunEndedError,
  TenantSwitchError,
  WrongTenantError,
} from './tenant-databases.errors.js';
export { TenantDatabasesModule } from './tenant-databases.module.js';
export {
  type GivenTenantDatabasesOptions,
  resolveTenantDatabasesOptions,
  TENANT_DATABASES_OPTIONS,
  TenantDatabasesOptions,
} from './tenant-databases.options.js';
export { TenantDatabases } from './tenant-databases.service.js';
