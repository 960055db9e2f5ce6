import { Inject, Injectable } from '@nestjs/common';
import { genId } from '../../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection } from '../../../database/index.js';
import type { SchemaOutcome } from '../../tenant-schema.js';
import type { TenantMigrationFailure } from '../fleet-report.js';
import { LedgerConnection, type LedgerStatement } from './ledger-connection.js';
import { type MigrationClaim, type OutdatedRow, type RunRow, type RunSurvey, toFailure, toRun, toSurvey } from './ledger-rows.js';
import { ledgerSql, type LedgerSql } from './ledger.sql.js';

/** Who is asked for: tenants with these statuses whose version is not the target's. */
export interface OutdatedQuery {
  readonly liveKey: string;
  readonly version: string;
  readonly digest: string;
  readonly statuses: readonly string[];
  readonly ids: readonly string[] | undefined;
}

/** A run to be. */
export interface NewRun {
  readonly liveKey: string;
  readonly target: string;
  readonly options: unknown;
  readonly entries: readonly { readonly id: string; readonly wave: number }[];
  /** Runs towards these are not to go on beside it. */
  readonly olderTargets: readonly string[];
  readonly retentionDays: number;
}

/** One process's part in one run. */
export interface RunnerIdentity {
  readonly runId: string;
  readonly runner: string;
  readonly leaseMs: number;
}

/** How the work on a claimed tenant has ended. */
export type Settlement =
  | { readonly state: 'done'; readonly outcome: SchemaOutcome }
  | { readonly state: 'failed' | 'skipped'; readonly error: string }
  | { readonly state: 'pending'; readonly error: string; readonly delayMs: number };

/**
 * The durable books of the runs over the fleet, shared by all processes. Whoever ends the work on a tenant shows the token of their claim:
 * a process whose lease was over, and that has a successor, changes nothing any more. Times are the database's.
 */
@Injectable()
export class MigrationLedger {
  private readonly db: LedgerConnection;
  private readonly sql: LedgerSql;

  constructor(@Inject(DIRECT_CONNECTION) connection: DirectConnection) {
    this.db = new LedgerConnection(connection);
    this.sql = ledgerSql(this.db.dialect);
  }

  /** The live run with this key, and the tenants that are behind, in one query. */
  async look({
    liveKey,
    version,
    digest,
    statuses,
    ids,
  }: OutdatedQuery): Promise<{ runId: string | undefined; outdated: OutdatedRow[] }> {
    const parameters = [liveKey, version, digest, JSON.stringify(statuses), ...(ids ? [JSON.stringify(ids)] : [])];
    const rows = (await this.db.read({ sql: this.sql.look(ids !== undefined), parameters })) as (OutdatedRow & {
      kind: string;
    })[];
    return {
      runId: rows.find(({ kind }) => kind === 'run')?.id,
      outdated: rows.filter(({ kind }) => kind === 'tenant'),
    };
  }

  /** Begins a run, unless another process has begun the same: then there is one already, which {@link join} finds. */
  async begin({ liveKey, target, options, entries, olderTargets, retentionDays }: NewRun): Promise<void> {
    const id = genId();
    await this.db.run([
      { sql: this.sql.purge, parameters: [-retentionDays * DAY_MS] },
      { sql: this.sql.supersede, parameters: [liveKey, JSON.stringify(olderTargets)] },
      { sql: this.sql.begin, parameters: [id, target, liveKey, JSON.stringify(options), entries.length] },
      { sql: this.sql.addTenants, parameters: [id, JSON.stringify(entries)] },
    ]);
  }

  /** Takes part in the live run with this key; undefined when it has ended. */
  async join(liveKey: string): Promise<RunRow | undefined> {
    const [rows] = await this.db.run([{ sql: this.sql.join, parameters: [liveKey] }]);
    return rows?.[0] === undefined ? undefined : toRun(rows[0]);
  }

  /** Takes tenants of a run: pending ones, and those of a process that was silent for too long. None while the run is not running. */
  async claim(
    { runId, runner, leaseMs }: RunnerIdentity,
    { wave, attempts, limit }: { readonly wave: number; readonly attempts: number; readonly limit: number },
  ): Promise<MigrationClaim[]> {
    const statement = { sql: this.sql.claim, parameters: [runId, runner, leaseMs, wave, attempts, limit] };
    const [rows = []] = await this.db.run([statement]);
    return (rows as MigrationClaim[]).toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  /** Says that the process is alive and at these tenants. What it has lost sight of is not among them, and becomes free again. */
  async renew({ runId, leaseMs }: RunnerIdentity, claims: readonly MigrationClaim[]): Promise<void> {
    if (claims.length === 0) return;
    const held = claims.map(({ tenantId, claimToken }) => ({ id: tenantId, token: claimToken }));
    await this.db.run([{ sql: this.sql.renew, parameters: [runId, leaseMs, JSON.stringify(held)] }]);
  }

  /** Records how the work has ended, and the version in the catalogue. @returns false where the claim was no longer this process's */
  async settle(runId: string, { tenantId, claimToken }: MigrationClaim, how: Settlement): Promise<boolean> {
    const key = [runId, tenantId, claimToken] as const;
    const [settled = []] = await this.db.run(this.settlement(key, how));
    return settled.length > 0;
  }

  /** Gives tenants back that were claimed and not begun, as if they had not been claimed. */
  async giveBack(runId: string, { tenantId, claimToken }: MigrationClaim): Promise<void> {
    await this.db.run([{ sql: this.sql.giveBack, parameters: [runId, tenantId, claimToken] }]);
  }

  /** How the run stands. Tenants whose processes have died at each of their tries count as failed from now on. */
  async survey(runId: string, attempts: number): Promise<RunSurvey> {
    const [, counts = [], runs = []] = await this.db.run([
      { sql: this.sql.reap, parameters: [runId, attempts, DIED] },
      { sql: this.sql.counts, parameters: [runId] },
      { sql: this.sql.runState, parameters: [runId] },
    ]);
    return toSurvey(runs[0], counts);
  }

  /** How many tenants of a run are in which state. */
  async count(runId: string): Promise<Pick<RunSurvey, 'counts'>> {
    return toSurvey({}, await this.db.read({ sql: this.sql.counts, parameters: [runId] }));
  }

  /** Ends a run before its time. @returns whether it was running */
  async stop(runId: string, reason: string): Promise<boolean> {
    return this.endWith({ sql: this.sql.stop, parameters: [runId, reason] });
  }

  /** Ends a run of which nothing is left to do. @returns whether this call did */
  async complete(runId: string): Promise<boolean> {
    return this.endWith({ sql: this.sql.complete, parameters: [runId] });
  }

  /** Says that nobody is at it, if that is so. */
  async interrupt(runId: string): Promise<void> {
    await this.endWith({ sql: this.sql.interrupt, parameters: [runId] });
  }

  /** A run, or the newest. */
  async find(runId?: string): Promise<RunRow | undefined> {
    const sql = runId === undefined ? this.sql.newest : this.sql.find;
    const [row] = await this.db.read({ sql, parameters: runId === undefined ? [] : [runId] });
    return row === undefined ? undefined : toRun(row);
  }

  async failed(runId: string): Promise<TenantMigrationFailure[]> {
    return (await this.db.read({ sql: this.sql.failed, parameters: [runId] })).map(toFailure);
  }

  private async endWith(statement: LedgerStatement): Promise<boolean> {
    const [rows = []] = await this.db.run([statement]);
    return rows.length > 0;
  }

  private settlement(key: readonly [string, string, number], how: Settlement): LedgerStatement[] {
    switch (how.state) {
      case 'done': {
        const { from, version, digest, applied } = how.outcome;
        return [
          { sql: this.sql.done, parameters: [...key, from ?? null, version ?? null, JSON.stringify(applied)] },
          { sql: this.sql.recordVersion, parameters: [...key, version ?? null, digest ?? null] },
        ];
      }
      case 'pending':
        return [{ sql: this.sql.retry, parameters: [...key, how.error, how.delayMs] }];
      default:
        return [{ sql: this.sql.end, parameters: [...key, how.state, how.error] }];
    }
  }
}

const DAY_MS = 86_400_000;
const DIED = 'The process that migrated it died, or was silent for longer than its lease, at each try.';
