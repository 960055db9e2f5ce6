import type { SqlEntityManager } from '@mikro-orm/sql';
import type { SqliteDirectConnection } from '../../database/index.js';
import type { JobStatus } from '../system-job.entity.js';
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
  type StoreStatistics,
  type WorkerRegistration,
  type WorkerStatistics,
} from './job-store.interface.js';
import type { JobTime } from './job-time.js';
import { planLimitedClaim } from './limited-claim.js';
import { byQueue, type StatusCount } from './queue-counts.js';
import { toOutcomeRows } from './rows.js';
import type { TokenBucket } from './rate-limit.js';
import type { Candidate, RunningCount } from './share-limits.js';
import * as sql from './sqlite.sql.js';

/** How many tenants one limited claim takes turns between. */
const TENANTS_PER_CLAIM = 1_000;

/** What every job is behind. */
const START = { priority: -2_147_483_648, id: '' };

/** Statements inside one transaction that has the write lock. */
type Db = Pick<SqliteDirectConnection, 'prepare'>;

/** The queue's statements on SQLite. What PostgreSQL does in one statement is a few here, under the one write lock. */
export class SqliteJobStore extends JobStore {
  constructor(
    private readonly connection: SqliteDirectConnection,
    private readonly time: JobTime,
  ) {
    super();
  }

  /** SQLite serves one machine, so its clock is the machine's. */
  private get now(): number {
    return this.time.override?.getTime() ?? Date.now();
  }

  async insert(em: SqlEntityManager, jobs: readonly NewJob[]): Promise<InsertedJob[]> {
    return insertJobs(jobs, {
      insert: (rows) => em.execute(sql.insert, [this.now, JSON.stringify(rows)]),
      findLive: (rows) => em.execute(sql.findLive, [JSON.stringify(rows)]),
    });
  }

  async findReadyTenants(queue: string, after: string | undefined, limit: number): Promise<string[]> {
    return this.connection.read((db) => readyTenants(db, queue, after, limit));
  }

  async claim({ queue, workerId, jobTypes, shares, completed = [] }: ClaimRequest): Promise<ClaimResult> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const complete = db.prepare(sql.completeThese);
      let heldCount = 0;
      for (const { id, claimToken } of completed) heldCount += complete.run(now, id, claimToken).changes;
      const claim = db.prepare<ClaimedRow>(sql.claimShare);
      const types = JSON.stringify(jobTypes);
      const jobs = shares.flatMap(({ fairnessKey, count, after = START }) =>
        // What RETURNING gives has no order.
        inOrder(claim.all(workerId, now, queue, fairnessKey, after.priority, after.id, types, count)).map((row) =>
          toClaimedJob(row, queue),
        ),
      );
      return { jobs, heldCount };
    });
  }

  async claimWithin(request: LimitedClaimRequest): Promise<LimitedClaimResult> {
    const { queue, workerId, jobTypes, after, limits } = request;
    return this.connection.exclusive((db) => {
      const { now } = this;
      db.prepare(sql.createLimit).run(queue);
      const running = db.prepare<RunningCount>(sql.countRunning).all(queue);
      const fairnessKeys = readyTenantsFrom(db, queue, after);
      const bucketKeys = limits.rateLimit?.perTenant ? fairnessKeys : [''];
      const rows = limits.rateLimit ? db.prepare<BucketRow>(sql.findBuckets).all(now, queue, JSON.stringify(bucketKeys)) : [];
      const buckets = new Map(
        rows.map(({ fairnessKey, tokens, filledAgoMs }): [string, TokenBucket] => [
          fairnessKey,
          { tokens, filledAgoMs: filledAgoMs ?? undefined },
        ]),
      );
      const plan = planLimitedClaim(request, { running, fairnessKeys, buckets });
      const find = db.prepare<Candidate>(sql.findCandidates);
      const types = JSON.stringify(jobTypes);
      const candidates = plan.lookAt.flatMap(({ fairnessKey, count }) => find.all(queue, fairnessKey, types, count));
      const { claimed, blocked, tokens } = plan.decide(candidates);
      const claimedRows = db.prepare<ClaimedRow>(sql.claimThese).all(workerId, now, JSON.stringify(claimed));
      db.prepare(sql.block).run(JSON.stringify(blocked));
      const save = db.prepare(sql.saveBucket);
      for (const [fairnessKey, count] of tokens) save.run(queue, fairnessKey, count, now);
      const byId = new Map(claimedRows.map((row) => [row.id, toClaimedJob(row, queue)]));
      return { jobs: claimed.flatMap((id) => byId.get(id) ?? []), retryAfterMs: plan.retryAfterMs };
    });
  }

  async settle(outcomes: readonly JobOutcome[]): Promise<ReadonlySet<string>> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const settle = db.prepare(sql.settle);
      const held = new Set<string>();
      for (const row of toOutcomeRows(outcomes)) {
        const { changes } = settle.run(
          row.status,
          row.refund,
          row.output === null ? null : JSON.stringify(row.output),
          row.error,
          row.error,
          availableAt(row.status, now, row.delay_ms),
          row.status === 'completed' || row.status === 'failed' ? now : null,
          row.id,
          row.claim_token,
        );
        if (changes === 1) held.add(row.id);
      }
      return held;
    });
  }

  async completeWithin(em: SqlEntityManager, { id, claimToken }: JobClaim, output: unknown): Promise<boolean> {
    const json = output === undefined ? null : JSON.stringify(output);
    return (await em.execute(sql.complete, [this.now, json, id, claimToken])).length === 1;
  }

  async unblock(queue: string, freed: readonly FreedPlace[]): Promise<number> {
    return this.connection.exclusive((db) => {
      const unblock = db.prepare(sql.unblock);
      return freed.flatMap(({ fairnessKey, concurrencyKey }) => unblock.all(queue, fairnessKey, concurrencyKey, 1)).length;
    });
  }

  async unblockIdle(): Promise<string[]> {
    return this.connection.exclusive((db) => queuesOf(db.prepare<{ queue: string }>(sql.unblockIdle).all()));
  }

  async recordProgress({ id, claimToken }: JobClaim, progress: unknown): Promise<boolean> {
    return this.connection.exclusive(
      (db) => db.prepare(sql.recordProgress).run(JSON.stringify(progress), id, claimToken).changes === 1,
    );
  }

  async findLost(claims: readonly JobClaim[]): Promise<LostClaim[]> {
    return this.connection.read((db) => {
      const find = db.prepare<{ status: JobStatus; claimToken: number }>(sql.findClaim);
      return claims.flatMap(({ id, claimToken }) => {
        const row = find.get(id);
        return row?.status === 'running' && row.claimToken === claimToken ? [] : [{ id, status: row?.status }];
      });
    });
  }

  async findClaims(workerId: string, queue: string): Promise<JobClaim[]> {
    return this.connection.read((db) => db.prepare<JobClaim>(sql.findClaims).all(workerId, queue));
  }

  async register({ id, host, pid, queues, jobTypes }: WorkerRegistration): Promise<void> {
    await this.connection.exclusive((db) => {
      const { now } = this;
      db.prepare(sql.register).run(id, host, pid, JSON.stringify(queues), JSON.stringify(jobTypes), now, now);
    });
  }

  async deregister(workerId: string): Promise<void> {
    await this.connection.exclusive((db) => db.prepare(sql.deregister).run(workerId));
  }

  async beat({ workerId, deadAfterMs, schedules, queues }: BeatRequest): Promise<Pulse> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const isAlive = db.prepare(sql.beat).run(now, workerId).changes === 1;
      const dead = db.prepare<{ needed: number }>(sql.needsRescue).get(workerId, now - deadAfterMs);
      return {
        isAlive,
        needsRescue: dead?.needed === 1,
        readyQueues: queues.filter((queue) => db.prepare(sql.firstReadyTenant).get(queue) !== undefined),
        ...nextTimes(db, now, schedules),
      };
    });
  }

  async findNextTimes(schedules: readonly string[]): Promise<NextTimes> {
    return this.connection.read((db) => nextTimes(db, this.now, schedules));
  }

  async rescue({ deadAfterMs, maxCrashes }: RescueOptions): Promise<Rescue> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const dead = db.prepare<{ id: string }>(sql.buryDead).all(now - deadAfterMs);
      const jobs = db.prepare<{ queue: string; status: JobStatus }>(sql.rescue).all({ 1: maxCrashes, 2: now });
      return {
        workerIds: dead.map(({ id }) => id),
        queues: queuesOf(jobs.filter(({ status }) => status === 'pending')),
        rescued: jobs.length,
        failed: jobs.filter(({ status }) => status === 'failed').length,
      };
    });
  }

  async promote(limit: number): Promise<Promotion> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const queues = queuesOf(db.prepare<{ queue: string }>(sql.promote).all(now, limit));
      return { queues, nextDueMs: nextDueMs(db, now) };
    });
  }

  async park(readyForMs: number): Promise<number> {
    return this.connection.exclusive((db) => db.prepare(sql.park).all(this.now - readyForMs).length);
  }

  async unpark(jobTypes: readonly string[]): Promise<string[]> {
    return this.connection.exclusive((db) => queuesOf(db.prepare<{ queue: string }>(sql.unpark).all(JSON.stringify(jobTypes))));
  }

  async cancel(em: SqlEntityManager, ids: readonly string[]): Promise<CancelledJob[]> {
    const json = JSON.stringify(ids);
    const rows: (Omit<CancelledJob, 'wasRunning'> & { wasRunning: number })[] = await em.execute(sql.findLiveByIds, [json]);
    await em.execute(sql.cancel, [this.now, json], 'run');
    return rows.map((row) => ({ ...row, wasRunning: row.wasRunning === 1 }));
  }

  async redrive(em: SqlEntityManager, filter: RedriveFilter, limit: number): Promise<string[]> {
    const { ids, queue = null, jobType = null, tenantId = null } = filter;
    const list = ids ? JSON.stringify(ids) : null;
    const rows: { queue: string }[] = await em.execute(sql.redrive, [this.now, list, queue, jobType, tenantId, limit]);
    return rows.map((row) => row.queue);
  }

  async purge({ statuses, olderThanMs, batchSize, after = '' }: PurgeRequest): Promise<PurgeResult> {
    return this.connection.exclusive((db) => {
      const before = this.now - olderThanMs;
      // Ids begin with the time they were made, so that the oldest rows are found by the primary key.
      const upTo = Math.max(0, Math.floor(before)).toString(16).padStart(12, '0');
      const batch = db.prepare<PurgeRow>(sql.purgeBatch).all(after, upTo, batchSize);
      const isFinal: readonly string[] = statuses;
      const gone = batch.filter(
        ({ status, completedAt }) => isFinal.includes(status) && completedAt !== null && completedAt < before,
      );
      const { changes } = db.prepare(sql.deleteThese).run(JSON.stringify(gone.map(({ id }) => id)));
      return { deleted: changes, last: batch.at(-1)?.id };
    });
  }

  async statistics(): Promise<StoreStatistics> {
    return this.connection.read((db) => {
      const { now } = this;
      const counts = db.prepare<StatusCount>(sql.countByStatus).all({ 1: now });
      const workers = db.prepare<WorkerRow>(sql.workers).all(now);
      return {
        queues: byQueue(counts),
        workers: workers.map((row) => ({
          ...row,
          queues: JSON.parse(row.queues) as string[],
          startedAt: new Date(row.startedAt),
        })),
        oldestTransaction: undefined,
      };
    });
  }
}

interface ClaimedRow {
  readonly id: string;
  readonly job_type: string;
  readonly fairness_key: string;
  readonly tenant_id: string | null;
  readonly actor_user_id: string | null;
  readonly priority: number;
  readonly payload: string | null;
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

interface PurgeRow {
  readonly id: string;
  readonly status: string;
  readonly completedAt: number | null;
}

interface WorkerRow extends Omit<WorkerStatistics, 'queues' | 'startedAt'> {
  readonly queues: string;
  readonly startedAt: number;
}

function availableAt(status: JobOutcome['status'], now: number, delayMs: number): number | null {
  if (status === 'scheduled') return now + delayMs;
  return status === 'pending' ? now : null;
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
    payload: row.payload === null ? null : (JSON.parse(row.payload) as unknown),
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    crashCount: row.crash_count,
    concurrencyKey: row.concurrency_key,
    traceContext: row.trace_context,
  };
}

function inOrder(rows: readonly ClaimedRow[]): ClaimedRow[] {
  return rows.toSorted((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1));
}

function readyTenants(db: Db, queue: string, after: string | undefined, limit: number): string[] {
  const next = db.prepare<{ fairness_key: string }>(sql.nextReadyTenant);
  const found: string[] = [];
  let row = after === undefined ? db.prepare<{ fairness_key: string }>(sql.firstReadyTenant).get(queue) : next.get(queue, after);
  // From tenant to tenant along the index, instead of reading the jobs between them.
  while (row && found.length < limit) {
    found.push(row.fairness_key);
    row = next.get(queue, row.fairness_key);
  }
  return found;
}

function nextTimes(db: Db, now: number, schedules: readonly string[]): NextTimes {
  const slot = db.prepare<{ at: number | null }>(sql.nextSlot).get(JSON.stringify(schedules));
  return { nextDueMs: nextDueMs(db, now), nextSlotMs: slot?.at == null ? undefined : slot.at - now };
}

/** Beginning with the one after `after`, and all around. */
function readyTenantsFrom(db: Db, queue: string, after: string | undefined): string[] {
  const found = readyTenants(db, queue, after, TENANTS_PER_CLAIM);
  const left = TENANTS_PER_CLAIM - found.length;
  return after === undefined || left === 0 ? found : [...new Set([...found, ...readyTenants(db, queue, undefined, left)])];
}

function nextDueMs(db: Db, now: number): number | undefined {
  const due = db.prepare<{ at: number | null }>(sql.nextDue).get();
  return due?.at == null ? undefined : due.at - now;
}

function queuesOf(rows: readonly { queue: string }[]): string[] {
  return [...new Set(rows.map(({ queue }) => queue))];
}
