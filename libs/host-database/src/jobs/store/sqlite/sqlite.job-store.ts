import type { SqlEntityManager } from '@mikro-orm/sql';
import type { SqliteDirectConnection } from '../../../database/index.js';
import type { JobStatus } from '../../system-job.entity.js';
import { insertJobs } from '../insert-jobs.js';
import type { StoreStatistics } from '../job-statistics.interface.js';
import {
  type BeatRequest,
  type CancelledJob,
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
  type WorkerRegistration,
} from '../job-store.interface.js';
import { LOWEST_PRIORITY } from '../job-columns.js';
import type { JobTime } from '../job-time.js';
import { type ClaimedRow, queuesOf, toOutcomeRows, toRescue } from '../rows.js';
import * as attemptSql from './attempt.sql.js';
import * as callerSql from './caller.sql.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';
import { claimWithinLimits, findReadyTenants, parsed } from './sqlite.limited-claim.js';
import { parkUnhandled } from './sqlite.parking.js';
import { readStatistics } from './sqlite.statistics.js';
import * as upkeepSql from './upkeep.sql.js';
import * as workerSql from './worker.sql.js';

/** What every job is behind. */
const START = { priority: LOWEST_PRIORITY, id: '' };

/** Statements inside one transaction that has the write lock, or among reads. */
type Db = Pick<SqliteDirectConnection, 'prepare'>;

/** The queue's statements on SQLite. What PostgreSQL does in one statement is a few here, under the one write lock. */
export class SqliteJobStore extends JobStore {
  readonly hasConcurrentWriters = false;

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
      insert: (rows) => em.execute(callerSql.insert, [this.now, JSON.stringify(rows)]),
      findLive: (rows) => em.execute(callerSql.findLive, [JSON.stringify(rows)]),
    });
  }

  async findReadyTenants(queue: string, after: string | undefined, limit: number): Promise<string[]> {
    return this.connection.read((db) => findReadyTenants(db, queue, after, limit));
  }

  async claim({ queue, workerId, jobTypes, shares, completed = [] }: ClaimRequest): Promise<ClaimResult> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const complete = db.prepare(claimSql.completeThese);
      let heldCount = 0;
      for (const { id, claimToken } of completed) heldCount += complete.run(now, id, claimToken).changes;
      const claim = db.prepare<ClaimedRow>(claimSql.claimShare);
      const types = JSON.stringify(jobTypes);
      const jobs = shares.flatMap(({ fairnessKey, count, after = START }) =>
        // What RETURNING gives has no order.
        inOrder(claim.all(workerId, now, queue, fairnessKey, after.priority, after.id, types, count)).map((row) =>
          parsed(row, queue),
        ),
      );
      return { jobs, heldCount };
    });
  }

  async claimWithin(request: LimitedClaimRequest): Promise<LimitedClaimResult> {
    return this.connection.exclusive((db) => claimWithinLimits(db, request, this.now));
  }

  async settle(outcomes: readonly JobOutcome[]): Promise<ReadonlySet<string>> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const settle = db.prepare(attemptSql.settle);
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
    return (await em.execute(callerSql.complete, [this.now, json, id, claimToken])).length === 1;
  }

  async unblock(queue: string, freed: readonly FreedPlace[]): Promise<number> {
    return this.connection.exclusive((db) => {
      const unblock = db.prepare(limitSql.unblock);
      return freed.flatMap(({ fairnessKey, concurrencyKey }) => unblock.all(queue, fairnessKey, concurrencyKey, 1)).length;
    });
  }

  async unblockIdle(): Promise<string[]> {
    return this.connection.exclusive((db) => queuesOf(db.prepare<{ queue: string }>(limitSql.unblockIdle).all()));
  }

  async recordProgress({ id, claimToken }: JobClaim, progress: unknown): Promise<boolean> {
    return this.connection.exclusive(
      (db) => db.prepare(attemptSql.recordProgress).run(JSON.stringify(progress), id, claimToken).changes === 1,
    );
  }

  async findLost(claims: readonly JobClaim[]): Promise<LostClaim[]> {
    return this.connection.read((db) => {
      const find = db.prepare<{ status: JobStatus; claimToken: number }>(attemptSql.findClaim);
      return claims.flatMap(({ id, claimToken }) => {
        const row = find.get(id);
        return row?.status === 'running' && row.claimToken === claimToken ? [] : [{ id, status: row?.status }];
      });
    });
  }

  async findClaims(workerId: string, queue: string): Promise<JobClaim[]> {
    return this.connection.read((db) => db.prepare<JobClaim>(attemptSql.findClaims).all(workerId, queue));
  }

  async register({ id, host, pid, queues, jobTypes }: WorkerRegistration): Promise<void> {
    await this.connection.exclusive((db) => {
      const { now } = this;
      db.prepare(workerSql.register).run(id, host, pid, JSON.stringify(queues), JSON.stringify(jobTypes), now, now);
    });
  }

  async deregister(workerId: string): Promise<void> {
    await this.connection.exclusive((db) => db.prepare(workerSql.deregister).run(workerId));
  }

  async beat({ workerId, deadAfterMs, schedules, queues }: BeatRequest): Promise<Pulse> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const isAlive = db.prepare(workerSql.beat).run(now, workerId).changes === 1;
      const others = db.prepare<{ needed: number; quietest: number | null }>(workerSql.needsRescue);
      const { needed = 0, quietest = null } = others.get({ 1: workerId, 2: now - deadAfterMs }) ?? {};
      return {
        isAlive,
        needsRescue: needed === 1,
        nextDeathMs: quietest === null ? undefined : quietest + deadAfterMs - now,
        readyQueues: queues.filter((queue) => db.prepare(claimSql.firstReadyTenant).get(queue) !== undefined),
        ...nextTimes(db, now, schedules),
      };
    });
  }

  async findNextTimes(schedules: readonly string[]): Promise<NextTimes> {
    return this.connection.read((db) => nextTimes(db, this.now, schedules));
  }

  async rescue({ workerId = null, deadAfterMs, maxCrashes }: RescueOptions): Promise<Rescue> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const dead = db.prepare<{ id: string }>(workerSql.buryDead).all(now - deadAfterMs, workerId);
      const jobs = db.prepare<{ queue: string; status: JobStatus }>(workerSql.rescue).all({ 1: maxCrashes, 2: now });
      return toRescue(dead, jobs);
    });
  }

  async promote(limit: number): Promise<Promotion> {
    return this.connection.exclusive((db) => {
      const { now } = this;
      const queues = queuesOf(db.prepare<{ queue: string }>(upkeepSql.promote).all(now, limit));
      return { queues, nextDueMs: nextDueMs(db, now) };
    });
  }

  async park(readyForMs: number): Promise<number> {
    return this.connection.exclusive((db) => parkUnhandled(db, this.now - readyForMs));
  }

  async unpark(jobTypes: readonly string[]): Promise<string[]> {
    return this.connection.exclusive((db) =>
      queuesOf(db.prepare<{ queue: string }>(upkeepSql.unpark).all(JSON.stringify(jobTypes))),
    );
  }

  async cancel(em: SqlEntityManager, ids: readonly string[]): Promise<CancelledJob[]> {
    const json = JSON.stringify(ids);
    const rows: LiveRow[] = await em.execute(callerSql.findLiveByIds, [json]);
    await em.execute(callerSql.cancel, [this.now, json], 'run');
    return rows.map(({ id, queue, fairnessKey, concurrencyKey, wasRunning }) => {
      return { id, queue, fairnessKey, concurrencyKey, wasRunning: wasRunning === 1 };
    });
  }

  async redrive(em: SqlEntityManager, filter: RedriveFilter, limit: number): Promise<string[]> {
    const { ids, queue = null, jobType = null, tenantId = null } = filter;
    const list = ids ? JSON.stringify(ids) : null;
    const rows: { queue: string }[] = await em.execute(callerSql.redrive, [this.now, list, queue, jobType, tenantId, limit]);
    return rows.map((row) => row.queue);
  }

  async purge({ statuses, olderThanMs, batchSize, after = '' }: PurgeRequest): Promise<PurgeResult> {
    return this.connection.exclusive((db) => {
      const before = this.now - olderThanMs;
      // Ids begin with the time they were made, so that the oldest rows are found by the primary key.
      const upTo = Math.max(0, Math.floor(before)).toString(16).padStart(12, '0');
      const batch = db.prepare<PurgeRow>(upkeepSql.purgeBatch).all(after, upTo, batchSize);
      const isFinal: readonly string[] = statuses;
      const gone = batch.filter(
        ({ status, completedAt }) => isFinal.includes(status) && completedAt !== null && completedAt < before,
      );
      const { changes } = db.prepare(upkeepSql.deleteThese).run(JSON.stringify(gone.map(({ id }) => id)));
      return { deleted: changes, last: batch.at(-1)?.id };
    });
  }

  async statistics(): Promise<StoreStatistics> {
    return this.connection.read((db) => readStatistics(db, this.now));
  }
}

interface LiveRow extends Omit<CancelledJob, 'wasRunning'> {
  readonly wasRunning: number;
}

interface PurgeRow {
  readonly id: string;
  readonly status: string;
  readonly completedAt: number | null;
}

function inOrder(rows: readonly ClaimedRow[]): ClaimedRow[] {
  return rows.toSorted((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1));
}

function availableAt(status: JobOutcome['status'], now: number, delayMs: number): number | null {
  if (status === 'scheduled') return now + delayMs;
  return status === 'pending' ? now : null;
}

function nextTimes(db: Db, now: number, schedules: readonly string[]): NextTimes {
  const slot = db.prepare<{ at: number | null }>(workerSql.nextSlot).get(JSON.stringify(schedules));
  return { nextDueMs: nextDueMs(db, now), nextSlotMs: slot?.at == null ? undefined : slot.at - now };
}

function nextDueMs(db: Db, now: number): number | undefined {
  const due = db.prepare<{ at: number | null }>(workerSql.nextDue).get();
  return due?.at == null ? undefined : due.at - now;
}
