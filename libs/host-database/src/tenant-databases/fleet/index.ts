import { FleetJob } from './fleet.job.js';
import { FleetMigrator } from './fleet-migrator.js';
import { FleetPlanner } from './fleet-planner.js';
import { MigrationLedger } from './ledger/index.js';
import { TenantMigrations } from './tenant-migrations.service.js';

export { fleetEntities } from './fleet-entities.js';
export {
  FleetInTransactionError,
  FleetMigrationFailedError,
  MigrationRunNotFoundError,
  TenantOutdatedError,
} from './fleet.errors.js';
export type {
  CanaryWave,
  FleetMigrationOptions,
  FleetMigrationRequest,
  FleetOptions,
  MigratableStatus,
} from './fleet.options.js';
export type {
  FleetCounts,
  FleetProgress,
  FleetReport,
  PlannedMigration,
  TenantMigrationFailure,
  TenantMigrationResult,
} from './fleet-report.js';
export type { TerminalOutput } from './fleet-terminal.js';
export { migrateTenants, type MigrateTenantsOptions } from './migrate-tenants.js';
export { MIGRATE_FLEET_JOB, type OutdatedTenant, TenantMigrations } from './tenant-migrations.service.js';

/** What migrates the fleet. */
export const fleetProviders = [TenantMigrations, FleetJob, FleetMigrator, FleetPlanner, MigrationLedger];
