import { TenantMigrationRun } from './migration-run.entity.js';
import { TenantMigration } from './tenant-migration.entity.js';

/** The ledger of the runs over the fleet. */
export const fleetEntities = [TenantMigrationRun, TenantMigration] as const;
