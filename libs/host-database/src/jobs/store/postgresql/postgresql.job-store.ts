import type { SqlEntityManager } from '@mikro-orm/sql';
import type { PostgresqlDirectConnection } from '../../../database/index.js';
import { insertJobs } from '../insert-jobs.js';
import type { StoreStatistics } from '../job-statistics.interface.js';
import {
  type BeatRequest,
  type CancelledJob,
  type ClaimedJob,
  type ClaimRequest,
  type ClaimResult,
  type FreedPlace,
  type InsertedJob,
  type JobClaim,
  type JobOutcome,
  JobStore,
  type LimitedClaimRequest,
  type LimitedClaimResult,
  type LostClaim,
  type NewJob,
  type NextTimes,
  type Promotion,
  type Pulse,
  type PurgeRequest,
  type PurgeResult,
  type RedriveFilter,
  type Rescue,
  type RescueOptions,
  type Share,
  type WorkerRegistration,
} from '../job-store.interface.js';
import type { JobTime } from '../job-time.js';
import { type ClaimedRow, queuesOf, toClaimedJob, toOutcomeRows, toRescue } from '../rows.js';
import * as attemptSql from './attempt.sql.js';
import * as callerSql from './caller.sql.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';
import { claimWithinLimits, findReadyTenants, shareColumns } from './postgresql.limited-claim.js';
import { readStatistics } from './postgresql.statistics.js';
import * as upkeepSql from './upkeep.sql.js';
import * as workerSql from './worker.sql.js';

/** The queue's statements on PostgreSQL. */
export class PostgresqlJobStore extends JobStore {
  readonly hasConcurrentWriters = true;

  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly time: JobTime,
  ) {
    super();
  }

  async insert(em: SqlEntityManager, jobs: readonly NewJob[]): Promise<InsertedJob[]> {
    const now = this.time.override;
    return insertJobs(jobs, {
      insert: (rows) => em.execute(callerSql.insert, [now, JSON.stringify(rows)]),
      findLive: (rows) => em.execute(callerSql.findLive, [JSON.stringify(rows)]),
    });
  }

  async findReadyTenants(queue: string, after: string | undefined, limit: number): Promise<string[]> {
    return findReadyTenants(this.connection.query, queue, after, limit);
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const { completed = [] } = request;
    try {
      return await this.claimAtOnce(request);
    } catch (error) {
      if (completed.length === 0 || !isLockFailure(error)) throw error;
      // Somebody holds one of them. Nothing was done; now they are waited for, in the order that everybody keeps to.
      const held = await this.settle(completed.map(({ id, claimToken }) => ({ id, claimToken, status: 'completed' })));
      if (request.shares.length === 0) return { jobs: [], heldCount: held.size };
      return { ...(await this.claimAtOnce({ ...request, completed: [] })), heldCount: held.size };
    }
  }

  async claimWithin(request: LimitedClaimRequest): Promise<LimitedClaimResult> {
    return this.connection.transaction((query) => claimWithinLimits(query, request, this.time.override));
  }

  async settle(outcomes: readonly JobOutcome[]): Promise<ReadonlySet<string>> {
    const rows = await this.connection.query<{ id: string }>(attemptSql.settle, [
      JSON.stringify(toOutcomeRows(outcomes)),
      this.time.override,
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  async completeWithin(em: SqlEntityManager, { id, claimToken }: JobClaim, output: unknown): Promise<boolean> {
    const json = output === undefined ? null : JSON.stringify(output);
    return (await em.execute(callerSql.complete, [this.time.override, json, id, claimToken])).length === 1;
  }

  async unblock(queue: string, freed: readonly FreedPlace[]): Promise<number> {
    const fairnessKeys = freed.map(({ fairnessKey }) => fairnessKey);
    const concurrencyKeys = freed.map(({ concurrencyKey }) => concurrencyKey);
    return this.connection.transaction(async (query) => {
      // A claim that is about to block another job of the key ends first.
      await query(limitSql.lockLimit, [queue]);
      return (await query(limitSql.unblock, [queue, fairnessKeys, concurrencyKeys])).length;
    });
  }

  async unblockIdle(): Promise<string[]> {
    return queuesOf(await this.connection.query(limitSql.unblockIdle));
  }

  async recordProgress({ id, claimToken }: JobClaim, progress: unknown): Promise<boolean> {
    return (await this.connection.query(attemptSql.recordProgress, [id, claimToken, JSON.stringify(progress)])).length === 1;
  }

  async findLost(claims: readonly JobClaim[]): Promise<LostClaim[]> {
    const ids = claims.map(({ id }) => id);
    const tokens = claims.map(({ claimToken }) => claimToken);
    const rows = await this.connection.query<{ id: string; status: LostClaim['status'] | null }>(attemptSql.findLost, [
      ids,
      tokens,
    ]);
    return rows.map(({ id, status }) => ({ id, status: status ?? undefined }));
  }

  async findClaims(workerId: string, queue: string): Promise<JobClaim[]> {
    return this.connection.query(attemptSql.findClaims, [workerId, queue]);
  }

  async register({ id, host, pid, queues, jobTypes }: WorkerRegistration): Promise<void> {
    await this.connection.query(workerSql.register, [
      id,
      host,
      pid,
      JSON.stringify(queues),
      JSON.stringify(jobTypes),
      this.time.override,
    ]);
  }

  async deregister(workerId: string): Promise<void> {
    await this.connection.query(workerSql.deregister, [workerId]);
  }

  async beat({ workerId, deadAfterMs, schedules, queues }: BeatRequest): Promise<Pulse> {
    const parameters = [workerId, deadAfterMs, schedules, this.time.override, queues];
    const [row] = await this.connection.vitalQuery<PulseRow>(workerSql.beat, parameters);
    return {
      isAlive: row?.isAlive ?? false,
      needsRescue: row?.needsRescue ?? false,
      nextDeathMs: row?.nextDeathMs ?? undefined,
      readyQueues: row?.readyQueues ?? [],
      nextDueMs: row?.nextDueMs ?? undefined,
      nextSlotMs: row?.nextSlotMs ?? undefined,
    };
  }

  async findNextTimes(schedules: readonly string[]): Promise<NextTimes> {
    const [row] = await this.connection.query<PulseRow>(workerSql.findNextTimes, [schedules, this.time.override]);
    return { nextDueMs: row?.nextDueMs ?? undefined, nextSlotMs: row?.nextSlotMs ?? undefined };
  }

  async rescue({ workerId = null, deadAfterMs, maxCrashes }: RescueOptions): Promise<Rescue> {
    return this.connection.transaction(async (query) => {
      const dead = await query<{ id: string }>(workerSql.buryDead, [deadAfterMs, this.time.override, workerId]);
      const jobs = await query<{ queue: string; status: string }>(workerSql.rescue, [maxCrashes, this.time.override]);
      return toRescue(dead, jobs);
    });
  }

  async promote(limit: number): Promise<Promotion> {
    const now = this.time.override;
    const promoted = await this.connection.query<{ queue: string }>(upkeepSql.promote, [limit, now]);
    const [next] = await this.connection.query<{ nextDueMs: number | null }>(upkeepSql.nextDue, [now]);
    return { queues: queuesOf(promoted), nextDueMs: next?.nextDueMs ?? undefined };
  }

  async park(readyForMs: number): Promise<number> {
    return (await this.connection.query(upkeepSql.park, [readyForMs, this.time.override])).length;
  }

  async unpark(jobTypes: readonly string[]): Promise<string[]> {
    return queuesOf(await this.connection.query(upkeepSql.unpark, [jobTypes]));
  }

  async cancel(em: SqlEntityManager, ids: readonly string[]): Promise<CancelledJob[]> {
    return em.execute(callerSql.cancel, [JSON.stringify(ids), this.time.override]);
  }

  async redrive(em: SqlEntityManager, filter: RedriveFilter, limit: number): Promise<string[]> {
    const { ids, queue = null, jobType = null, tenantId = null } = filter;
    const rows: { queue: string }[] = await em.execute(callerSql.redrive, [
      ids ? JSON.stringify(ids) : null,
      queue,
      jobType,
      tenantId,
      limit,
      this.time.override,
    ]);
    return rows.map((row) => row.queue);
  }

  async purge({ statuses, olderThanMs, batchSize, after = '' }: PurgeRequest): Promise<PurgeResult> {
    const [row] = await this.connection.query<{ deleted: number; last: string | null }>(upkeepSql.purge, [
      statuses,
      olderThanMs,
      batchSize,
      after,
      this.time.override,
    ]);
    return { deleted: row?.deleted ?? 0, last: row?.last ?? undefined };
  }

  async statistics(): Promise<StoreStatistics> {
    return readStatistics(this.connection.query, this.time.override);
  }

  private async claimAtOnce({ queue, workerId, jobTypes, shares, completed = [] }: ClaimRequest): Promise<ClaimResult> {
    const rows = await this.connection.query<ClaimedRow & { held: number }>(claimSql.claim, [
      queue,
      jobTypes,
      workerId,
      this.time.override,
      ...shareColumns(shares),
      ...claimColumns(completed),
    ]);
    // The first row is there even when nothing was claimed: it says how many of the completed ones held.
    const jobs = rows.filter(({ id }) => id !== null).map((row) => toClaimedJob(row, queue));
    return { jobs: tenantByTenant(jobs, shares), heldCount: rows[0]?.held ?? 0 };
  }
}

interface PulseRow {
  readonly isAlive: boolean;
  readonly needsRescue: boolean;
  readonly nextDeathMs: number | null;
  readonly readyQueues: readonly string[];
  readonly nextDueMs: number | null;
  readonly nextSlotMs: number | null;
}

/** What PostgreSQL says where a lock was not to be had: `lock_not_available` and `deadlock_detected`. */
const LOCK_FAILURES: ReadonlySet<unknown> = new Set(['55P03', '40P01']);

function isLockFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOCK_FAILURES.has(error.code);
}

/** In the order of the shares, and those of a tenant in their own: the rows come in any. */
function tenantByTenant(jobs: readonly ClaimedJob[], shares: readonly Share[]): ClaimedJob[] {
  const turns = new Map(shares.map(({ fairnessKey }, turn) => [fairnessKey, turn]));
  const turnOf = ({ fairnessKey }: ClaimedJob) => turns.get(fairnessKey) ?? 0;
  return jobs.toSorted((a, b) => turnOf(a) - turnOf(b) || a.priority - b.priority || (a.id < b.id ? -1 : 1));
}

/**
 * As the statement compares them: ids to find the rows, and where it is not the first claim of a job, pairs to tell whether it still
 * holds. Null and not an empty list, which would match every partial index: the planner might read any of them.
 */
function claimColumns(claims: readonly JobClaim[]): [string[] | null, string[] | null] {
  if (claims.length === 0) return [null, null];
  const again = claims.filter(({ claimToken }) => claimToken !== 1);
  const pairs = again.map(({ id, claimToken }) => `${id}:${claimToken}`);
  return [claims.map(({ id }) => id), pairs.length > 0 ? pairs : null];
}
