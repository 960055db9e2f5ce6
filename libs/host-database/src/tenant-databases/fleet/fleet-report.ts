import type { MigrationRunState } from './migration-run.entity.js';
import type { TenantMigrationState } from './tenant-migration.entity.js';

/** How many tenants of a run are in which state. */
export type FleetCounts = Readonly<Record<TenantMigrationState, number>>;

/** What a run has done to one tenant. */
export interface TenantMigrationResult {
  readonly tenantId: string;
  /** `pending` when it failed and is tried again. */
  readonly state: Exclude<TenantMigrationState, 'running'>;
  /** The try that it took, from 1. */
  readonly attempt: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The names of the migrations that were applied. */
  readonly applied: readonly string[];
  /** Why it failed or was skipped, without secrets. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

/** How far a run is. */
export interface FleetProgress extends FleetCounts {
  readonly runId: string;
  readonly target: string;
  readonly total: number;
  /** The tenant that has just ended in this process. */
  readonly tenant: TenantMigrationResult;
}

/** A tenant that failed for good in a run. */
export interface TenantMigrationFailure {
  readonly tenantId: string;
  readonly attempts: number;
  readonly from: string | undefined;
  /** Without secrets. */
  readonly error: string;
  readonly at: Date;
}

/** What would be applied to one tenant. */
export interface PlannedMigration {
  readonly tenantId: string;
  readonly from: string | undefined;
  /** Empty where its database needs nothing, only the catalogue does not know. */
  readonly pending: readonly string[];
  /** Why that could not be found out, without secrets. */
  readonly error?: string;
}

/** How a run has ended, or stands. */
export interface FleetReport extends FleetCounts {
  /** Undefined when there was nothing to do: the ledger has nothing of it. */
  readonly runId: string | undefined;
  /** `planned` of a dry run. */
  readonly state: MigrationRunState | 'planned';
  /** The newest migration of the application; undefined where tenants have no tables. */
  readonly target: string | undefined;
  readonly stopReason: string | undefined;
  /** How many tenants it is for. */
  readonly total: number;
  /** Tenants with migrations of a later application, which were let be. Not part of `total`; known to the one who began the run. */
  readonly ahead: number;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly failures: readonly TenantMigrationFailure[];
  /** What a dry run has found. */
  readonly plan?: readonly PlannedMigration[];
}

export const NO_TENANTS: FleetCounts = { pending: 0, running: 0, done: 0, failed: 0, skipped: 0 };
