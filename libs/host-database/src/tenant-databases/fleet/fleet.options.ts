import { assertId, assertWholeOption, InvalidInputError, withDefaults } from '../../common/index.js';
import type { TenantStatus } from '../../tenants/index.js';
import type { FleetProgress } from './fleet-report.js';

/** How this process takes part in runs over the fleet. */
export class FleetOptions {
  /** How many tenants are migrated at the same time; each takes a connection, beside those of `maxConnections`. */
  readonly concurrency: number = 8;
  /** How often a tenant is tried in one run before it counts as failed. */
  readonly attempts: number = 3;
  /** How long a tenant that failed is let be before the next try; others are migrated meanwhile. */
  readonly retryDelayMs: number = 500;
  /**
   * After which time without a sign of life the tenants of a process that died are taken over. On SQLite it is silent while one statement of
   * a migration runs.
   */
  readonly leaseMs: number = 15_000;
  /** For how many days the ledger keeps runs that have ended. */
  readonly retentionDays: number = 90;
}

/** The first tenants of a run: none but them is migrated before all of them have been, without a failure. */
export interface CanaryWave {
  /** These ones, as far as they are behind. */
  readonly tenantIds?: readonly string[];
  /** So many. */
  readonly size?: number;
  /** So many of a hundred, at least one. */
  readonly percent?: number;
  /** How long to wait after the last of them. */
  readonly pauseMs?: number;
}

/** The statuses of tenants that can be migrated. Others have no database, or are about to lose it. */
export const MIGRATABLE_STATUSES = ['active', 'suspended', 'archived'] as const satisfies readonly TenantStatus[];

export type MigratableStatus = (typeof MIGRATABLE_STATUSES)[number];

/** What a run is for. All of it is JSON, so that a job can carry it. */
export interface FleetMigrationRequest {
  /** One wave, or several after each other; the rest of the fleet follows them. */
  readonly canary?: CanaryWave | readonly CanaryWave[];
  /** Ends the run as `stopped` once so many tenants have failed. */
  readonly stopAfterFailures?: number;
  /** Ends the run as `stopped` once so many of a hundred tenants of the run have failed. */
  readonly stopAtPercent?: number;
  /** Which tenants. @default those that are active or suspended; archived ones are migrated when they are restored and entered */
  readonly only?: { readonly ids?: readonly string[]; readonly statuses?: readonly MigratableStatus[] };
  /** @default the option `tenantDatabases.fleet.concurrency` */
  readonly concurrency?: number;
  /** @default the option `tenantDatabases.fleet.attempts` */
  readonly attempts?: number;
  /** Migrates nothing, and tells for each tenant what would be applied. */
  readonly dryRun?: boolean;
}

/** A run, and how the caller follows it. */
export interface FleetMigrationOptions extends FleetMigrationRequest {
  /** Begins no more tenants once it is aborted; what has begun ends, and the rest is for the next run. */
  readonly signal?: AbortSignal;
  /** Told of each tenant that has ended. It may not throw. */
  readonly onProgress?: (progress: FleetProgress) => void;
}

const DEFAULT_STATUSES = ['active', 'suspended'] as const;

/** A request, checked and with its defaults. */
export interface FleetPlan {
  readonly waves: readonly CanaryWave[];
  readonly stopAfterFailures: number | undefined;
  readonly stopAtPercent: number | undefined;
  readonly ids: readonly string[] | undefined;
  readonly statuses: readonly MigratableStatus[];
  readonly concurrency: number;
  readonly attempts: number;
}

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveFleetOptions(given: Partial<FleetOptions> | undefined): FleetOptions {
  const options = withDefaults(new FleetOptions(), given);
  const least = { concurrency: 1, attempts: 1, retryDelayMs: 0, leaseMs: 100, retentionDays: 1 } as const;
  for (const [name, min] of Object.entries(least)) {
    assertWholeOption(`tenantDatabases.fleet.${name}`, options[name as keyof FleetOptions], min);
  }
  return options;
}

/** @throws InvalidInputError, InvalidIdError naming what is wrong */
export function resolveFleetPlan(request: FleetMigrationRequest, defaults: FleetOptions): FleetPlan {
  const { canary, stopAfterFailures, stopAtPercent, only = {}, concurrency, attempts } = request;
  const waves = canary === undefined ? [] : isList(canary) ? canary : [canary];
  for (const wave of waves) assertWave(wave);
  assertNumber('stopAfterFailures', stopAfterFailures, { min: 1, isWhole: true });
  assertNumber('stopAtPercent', stopAtPercent, { min: 0, max: 100 });
  assertNumber('concurrency', concurrency, { min: 1, isWhole: true });
  assertNumber('attempts', attempts, { min: 1, isWhole: true });
  for (const id of only.ids ?? []) assertId(id, 'tenant');
  const statuses = only.statuses ?? (only.ids ? MIGRATABLE_STATUSES : DEFAULT_STATUSES);
  for (const status of statuses) {
    if (MIGRATABLE_STATUSES.includes(status)) continue;
    throw new InvalidInputError(
      'only.statuses',
      `may have ${MIGRATABLE_STATUSES.join(', ')}; the others have no database to migrate.`,
    );
  }
  return {
    waves,
    stopAfterFailures,
    stopAtPercent,
    ids: only.ids && [...new Set(only.ids)].toSorted(),
    statuses: [...new Set(statuses)].toSorted(),
    concurrency: concurrency ?? defaults.concurrency,
    attempts: attempts ?? defaults.attempts,
  };
}

function assertWave({ tenantIds, size, percent, pauseMs }: CanaryWave): void {
  if ([tenantIds, size, percent].filter((given) => given !== undefined).length !== 1) {
    throw new InvalidInputError('canary', 'must have one of tenantIds, size and percent for each wave.');
  }
  for (const id of tenantIds ?? []) assertId(id, 'tenant');
  assertNumber('canary.size', size, { min: 1, isWhole: true });
  assertNumber('canary.percent', percent, { min: 0, max: 100 });
  assertNumber('canary.pauseMs', pauseMs, { min: 0, isWhole: true });
}

interface Bounds {
  readonly min: number;
  readonly max?: number;
  readonly isWhole?: boolean;
}

function assertNumber(field: string, value: number | undefined, { min, max = 2_147_483_647, isWhole = false }: Bounds): void {
  if (value === undefined) return;
  const isRight = typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value));
  if (!isRight) throw new InvalidInputError(field, `must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}.`);
}

function isList(canary: CanaryWave | readonly CanaryWave[]): canary is readonly CanaryWave[] {
  return Array.isArray(canary);
}
