import { type FleetCounts, NO_TENANTS, type TenantMigrationFailure } from '../fleet-report.js';
import type { MigrationRunState } from '../migration-run.entity.js';
import type { TenantMigrationState } from '../tenant-migration.entity.js';

/** A tenant whose version is not that of the application. */
export interface OutdatedRow {
  readonly id: string;
  readonly status: string;
  readonly schemaVersion: string | null;
  readonly schemaDigest: string | null;
}

/** A run as the ledger has it. */
export interface RunRow {
  readonly id: string;
  readonly target: string;
  readonly state: MigrationRunState;
  readonly stopReason: string | null;
  readonly options: unknown;
  readonly total: number;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
}

/** The right to migrate one tenant, until the lease is over. */
export interface MigrationClaim {
  readonly tenantId: string;
  /** The how-manieth try it is, from 1. */
  readonly attempt: number;
  readonly claimToken: number;
  /** What the catalogue says of it now; without a status the tenant is gone. */
  readonly status: string | null;
  readonly dbUrl: string | null;
  readonly schemaVersion: string | null;
  readonly schemaDigest: string | null;
}

/** How the waves of a run stand. */
export interface RunSurvey {
  readonly state: MigrationRunState;
  readonly total: number;
  readonly waves: readonly WaveSurvey[];
  readonly counts: FleetCounts;
  readonly now: Date;
}

interface WaveSurvey {
  readonly wave: number;
  readonly counts: FleetCounts;
  /** When the last of it ended. */
  readonly endedAt: Date | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

/** A time, as a driver returns it: SQLite has milliseconds. */
const toDate = (value: unknown) => (value == null ? undefined : new Date(value as number | Date));
const toJson = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

export function toRun(row: unknown): RunRow {
  const raw = row as Raw & RunRow;
  return { ...raw, options: toJson(raw.options), startedAt: toDate(raw.startedAt) as Date, endedAt: toDate(raw.endedAt) };
}

export function toFailure(row: unknown): TenantMigrationFailure {
  const { tenantId, attempts, from, error, at } = row as Raw;
  return {
    tenantId: String(tenantId),
    attempts: Number(attempts),
    from: (from as string | null) ?? undefined,
    error: String(error),
    at: toDate(at) as Date,
  };
}

/** Puts the counts of each wave and state together. */
export function toSurvey(run: unknown, rows: readonly unknown[]): RunSurvey {
  const { state, total, now } = run as Raw;
  const waves = new Map<number, { counts: Record<TenantMigrationState, number>; endedAt: Date | undefined }>();
  const all: Record<TenantMigrationState, number> = { ...NO_TENANTS };
  for (const row of rows as readonly Raw[]) {
    const each = waves.get(Number(row.wave)) ?? { counts: { ...NO_TENANTS }, endedAt: undefined };
    const of = row.state as TenantMigrationState;
    each.counts[of] += Number(row.tenants);
    all[of] += Number(row.tenants);
    const endedAt = toDate(row.endedAt);
    if (endedAt && (!each.endedAt || each.endedAt < endedAt)) each.endedAt = endedAt;
    waves.set(Number(row.wave), each);
  }
  return {
    state: state as MigrationRunState,
    total: Number(total),
    now: toDate(now) as Date,
    counts: all,
    waves: [...waves].map(([wave, { counts, endedAt }]) => ({ wave, counts, endedAt })).toSorted((a, b) => a.wave - b.wave),
  };
}
