import type { SqlEntityManager } from '@mikro-orm/sql';
import type { PostgresqlDirectConnection, PostgresqlQuery } from '../../database/index.js';
import { insertJobs } from './insert-jobs.js';
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
  type StoreStatistics,
  type WorkerRegistration,
} from './job-store.interface.js';
import type { JobTime } from './job-time.js';
import { planLimitedClaim } from './limited-claim.js';
import * as sql from './postgresql.sql.js';
import { readStatistics } from './postgresql.statistics.js';
import { toOutcomeRows } from './rows.js';
import type { Candidate, RunningCount } from './share-limits.js';

/** How many tenants one limited claim takes turns between. */
const TENANTS_PER_CLAIM = 1_000;

/** The queue's statements on PostgreSQL. */
export class PostgresqlJobStore extends JobStore {
  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly time: JobTime,
  ) {
    super();
  }

  async insert(em: SqlEntityManager, jobs: readonly NewJob[]): Promise<InsertedJob[]> {
    const now = this.time.override;
    return insertJobs(jobs, {
      insert: (rows) => em.execute(sql.insert, [now, JSON.stringify(rows)]),
      findLive: (rows) => em.execute(sql.findLive, [JSON.stringify(rows)]),
    });
  }

  async findReadyTenants(queue: string, after: string | undefined, limit: number): Promise<string[]> {
    return readyTenants(this.connection.query, queue, after, limit);
  }

  async claim({ queue, workerId, jobTypes, shares, completed = [] }: ClaimRequest): Promise<ClaimResult> {
    const rows = await this.connection.query<ClaimedRow & { held: number }>(sql.claim, [
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

  async claimWithin(request: LimitedClaimRequest): Promise<LimitedClaimResult> {
    const { queue, workerId, jobTypes, after, limits } = request;
    const now = this.time.override;
    return this.connection.transaction(async (query) => {
      await query(sql.createLimit, [queue]);
      // From here to the commit no other process claims jobs of this queue.
      await query(sql.lockLimit, [queue]);
      const running = await query<RunningCount>(sql.countRunning, [queue]);
      const fairnessKeys = await readyTenantsFrom(query, queue, after);
      const buckets = limits.rateLimit
        ? await query<BucketRow>(sql.findBuckets, [queue, limits.rateLimit.perTenant ? fairnessKeys : [''], now])
        : [];
      const plan = planLimitedClaim(request, {
        running,
        fairnessKeys,
        buckets: new Map(buckets.map((row) => [row.fairnessKey, { ...row, filledAgoMs: row.filledAgoMs ?? undefined }])),
      });
      const [lookKeys, lookCounts] = shareColumns(plan.lookAt);
      const candidates =
        plan.lookAt.length === 0 ? [] : await query<Candidate>(sql.findCandidates, [queue, jobTypes, lookKeys, lookCounts]);
      const { claimed, blocked, tokens } = plan.decide(candidates);
      const rows = claimed.length === 0 ? [] : await query<ClaimedRow>(sql.claimThese, [claimed, workerId, now]);
      if (blocked.length > 0) await query(sql.block, [blocked]);
      if (tokens.size > 0) await query(sql.saveBuckets, [queue, [...tokens.keys()], [...tokens.values()], now]);
      const order = new Map(claimed.map((id, index) => [id, index]));
      const jobs = rows
        .map((row) => toClaimedJob(row, queue))
        .toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
      return { jobs, retryAfterMs: plan.retryAfterMs };
    });
  }

  async settle(outcomes: readonly JobOutcome[]): Promise<ReadonlySet<string>> {
    const rows = await this.connection.query<{ id: string }>(sql.settle, [
      JSON.stringify(toOutcomeRows(outcomes)),
      this.time.override,
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  async completeWithin(em: SqlEntityManager, { id, claimToken }: JobClaim, output: unknown): Promise<boolean> {
    const json = output === undefined ? null : JSON.stringify(output);
    return (await em.execute(sql.complete, [this.time.override, json, id, claimToken])).length === 1;
  }

  async unblock(queue: string, freed: readonly FreedPlace[]): Promise<number> {
    const fairnessKeys = freed.map(({ fairnessKey }) => fairnessKey);
    const concurrencyKeys = freed.map(({ concurrencyKey }) => concurrencyKey);
    return this.connection.transaction(async (query) => {
      // A claim that is about to block another job of the key ends first.
      await query(sql.lockLimit, [queue]);
      return (await query(sql.unblock, [queue, fairnessKeys, concurrencyKeys])).length;
    });
  }

  async unblockIdle(): Promise<string[]> {
    return queuesOf(await this.connection.query(sql.unblockIdle));
  }

  async recordProgress({ id, claimToken }: JobClaim, progress: unknown): Promise<boolean> {
    return (await this.connection.query(sql.recordProgress, [id, claimToken, JSON.stringify(progress)])).length === 1;
  }

  async findLost(claims: readonly JobClaim[]): Promise<LostClaim[]> {
    const ids = claims.map(({ id }) => id);
    const tokens = claims.map(({ claimToken }) => claimToken);
    const rows = await this.connection.query<{ id: string; status: LostClaim['status'] | null }>(sql.findLost, [ids, tokens]);
    return rows.map(({ id, status }) => ({ id, status: status ?? undefined }));
  }

  async findClaims(workerId: string, queue: string): Promise<JobClaim[]> {
    return this.connection.query(sql.findClaims, [workerId, queue]);
  }

  async register({ id, host, pid, queues, jobTypes }: WorkerRegistration): Promise<void> {
    await this.connection.query(sql.register, [
      id,
      host,
      pid,
      JSON.stringify(queues),
      JSON.stringify(jobTypes),
      this.time.override,
    ]);
  }

  async deregister(workerId: string): Promise<void> {
    await this.connection.query(sql.deregister, [workerId]);
  }

  async beat({ workerId, deadAfterMs, schedules, queues }: BeatRequest): Promise<Pulse> {
    const parameters = [workerId, deadAfterMs, schedules, this.time.override, queues];
    const [row] = await this.connection.query<PulseRow>(sql.beat, parameters);
    return {
      isAlive: row?.isAlive ?? false,
      needsRescue: row?.needsRescue ?? false,
      readyQueues: row?.readyQueues ?? [],
      nextDueMs: row?.nextDueMs ?? undefined,
      nextSlotMs: row?.nextSlotMs ?? undefined,
    };
  }

  async findNextTimes(schedules: readonly string[]): Promise<NextTimes> {
    const [row] = await this.connection.query<PulseRow>(sql.findNextTimes, [schedules, this.time.override]);
    return { nextDueMs: row?.nextDueMs ?? undefined, nextSlotMs: row?.nextSlotMs ?? undefined };
  }

  async rescue({ deadAfterMs, maxCrashes }: RescueOptions): Promise<Rescue> {
    return this.connection.transaction(async (query) => {
      const dead = await query<{ id: string }>(sql.buryDead, [deadAfterMs, this.time.override]);
      const jobs = await query<{ queue: string; status: string }>(sql.rescue, [maxCrashes, this.time.override]);
      return {
        workerIds: dead.map(({ id }) => id),
        queues: queuesOf(jobs.filter(({ status }) => status === 'pending')),
        rescued: jobs.length,
        failed: jobs.filter(({ status }) => status === 'failed').length,
      };
    });
  }

  async promote(limit: number): Promise<Promotion> {
    const now = this.time.override;
    const promoted = await this.connection.query<{ queue: string }>(sql.promote, [limit, now]);
    const [next] = await this.connection.query<{ nextDueMs: number | null }>(sql.nextDue, [now]);
    return { queues: queuesOf(promoted), nextDueMs: next?.nextDueMs ?? undefined };
  }

  async park(readyForMs: number): Promise<number> {
    return (await this.connection.query(sql.park, [readyForMs, this.time.override])).length;
  }

  async unpark(jobTypes: readonly string[]): Promise<string[]> {
    return queuesOf(await this.connection.query(sql.unpark, [jobTypes]));
  }

  async cancel(em: SqlEntityManager, ids: readonly string[]): Promise<CancelledJob[]> {
    return em.execute(sql.cancel, [JSON.stringify(ids), this.time.override]);
  }

  async redrive(em: SqlEntityManager, filter: RedriveFilter, limit: number): Promise<string[]> {
    const { ids, queue = null, jobType = null, tenantId = null } = filter;
    const rows: { queue: string }[] = await em.execute(sql.redrive, [
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
    const [row] = await this.connection.query<{ deleted: number; last: string | null }>(sql.purge, [
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
}

interface ClaimedRow {
  readonly id: string;
  readonly job_type: string;
  readonly fairness_key: string;
  readonly tenant_id: string | null;
  readonly actor_user_id: string | null;
  readonly priority: number;
  readonly payload: unknown;
  readonly attempt: number;
  readonly max_attempts: number | null;
  readonly crash_count: number;
  readonly claim_token: number;
  readonly concurrency_key: string | null;
  readonly trace_context: string | null;
}

interface BucketRow {
  readonly fairnessKey: string;
  readonly tokens: number;
  readonly filledAgoMs: number | null;
}

interface PulseRow {
  readonly isAlive: boolean;
  readonly needsRescue: boolean;
  readonly readyQueues: readonly string[];
  readonly nextDueMs: number | null;
  readonly nextSlotMs: number | null;
}

/** Beginning with the one after `after`, and all around. */
async function readyTenantsFrom(query: PostgresqlQuery, queue: string, after: string | undefined): Promise<string[]> {
  const found = await readyTenants(query, queue, after, TENANTS_PER_CLAIM);
  const left = TENANTS_PER_CLAIM - found.length;
  if (after === undefined || left === 0) return found;
  return [...new Set([...found, ...(await readyTenants(query, queue, undefined, left))])];
}

function toClaimedJob(row: ClaimedRow, queue: string): ClaimedJob {
  return {
    id: row.id,
    claimToken: row.claim_token,
    jobType: row.job_type,
    queue,
    fairnessKey: row.fairness_key,
    tenantId: row.tenant_id,
    actorUserId: row.actor_user_id,
    priority: row.priority,
    payload: row.payload,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    crashCount: row.crash_count,
    concurrencyKey: row.concurrency_key,
    traceContext: row.trace_context,
  };
}

async function readyTenants(query: PostgresqlQuery, queue: string, after: string | undefined, limit: number): Promise<string[]> {
  const rows = await query<{ fairness_key: string }>(sql.findReadyTenants, [queue, after ?? null, limit]);
  return rows.map((row) => row.fairness_key);
}

/** In the order of the shares, which a join does not keep; those of a tenant stay in their own. */
function tenantByTenant(jobs: readonly ClaimedJob[], shares: readonly Share[]): ClaimedJob[] {
  const turns = new Map(shares.map(({ fairnessKey }, turn) => [fairnessKey, turn]));
  return jobs.toSorted((a, b) => (turns.get(a.fairnessKey) ?? 0) - (turns.get(b.fairnessKey) ?? 0));
}

function shareColumns(shares: readonly Share[]): [string[], number[], number[], string[]] {
  return [
    shares.map(({ fairnessKey }) => fairnessKey),
    shares.map(({ count }) => count),
    shares.map(({ after }) => after?.priority ?? sql.LOWEST_PRIORITY),
    shares.map(({ after }) => after?.id ?? ''),
  ];
}

/** As the statement compares them: ids to find the rows, and pairs to tell whether the claim still holds. */
function claimColumns(claims: readonly JobClaim[]): [string[], string[]] {
  return [claims.map(({ id }) => id), claims.map(({ id, claimToken }) => `${id}:${claimToken}`)];
}

function queuesOf(rows: readonly { queue: string }[]): string[] {
  return [...new Set(rows.map(({ queue }) => queue))];
}
