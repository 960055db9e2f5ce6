import { Injectable } from '@nestjs/common';
import { assertId, assertInt32 } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { assertQueue, type EnqueueOptions } from './enqueue-options.js';
import { type EnqueuedJob, isLater, JobEnqueuer } from './job-enqueuer.js';
import { JobDrain, type RunPendingOptions } from './job-drain.js';
import type { JobPayload } from './job-types.interface.js';
import { assertJobType } from './job-type.js';
import { JobNotFoundError } from './jobs.errors.js';
import { JobSignals } from './signals/index.js';
import { type CancelledJob, JobStore, type RedriveFilter, type StoreStatistics } from './store/index.js';
import { SystemJob } from './system-job.entity.js';

/** A job for `enqueueMany()`. */
export interface ManyJobsItem<T extends string> extends EnqueueOptions {
  readonly payload: JobPayload<T>;
}

const REDRIVE_LIMIT = 1_000;

/** The durable queue on the host database. */
@Injectable()
export class JobsService {
  constructor(
    private readonly enqueuer: JobEnqueuer,
    private readonly drain: JobDrain,
    private readonly store: JobStore,
    private readonly signals: JobSignals,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Writes a job in the caller's transaction: it becomes visible to workers when that commits and vanishes when it is rolled back.
   * Where a live job of the type and tenant has the same `uniqueKey`, that one is returned and nothing is written.
   *
   * Delivery is at-least-once; what a transactional handler writes in the host database happens exactly once.
   *
   * @throws InvalidJobTypeError, InvalidJobPayloadError, InvalidInputError, InvalidIdError
   */
  async enqueue<const T extends string>(type: T, payload: JobPayload<T>, options: EnqueueOptions = {}): Promise<SystemJob> {
    const [enqueued] = await this.enqueuer.enqueue(type, [{ ...options, payload }]);
    // One was given, so one comes back.
    return this.toEntity(enqueued as EnqueuedJob);
  }

  /**
   * Writes many jobs of one type in one statement, as {@link enqueue} does. Returns their ids in the same order; that of a live job
   * with the same `uniqueKey` where there is one.
   */
  async enqueueMany<const T extends string>(type: T, items: readonly ManyJobsItem<T>[]): Promise<string[]> {
    return (await this.enqueuer.enqueue(type, items)).map(({ id }) => id);
  }

  /**
   * Returns a job as it stands.
   *
   * @throws JobNotFoundError
   */
  async getById(jobId: string): Promise<SystemJob> {
    const id = assertId(jobId, 'job');
    const job = await this.unitOfWork.em.findOne(SystemJob, { id }, { refresh: true });
    if (!job) throw new JobNotFoundError(id);
    return job;
  }

  /**
   * Cancels a job that has not ended, in the caller's transaction; false when it has. One that is running is asked to end within a
   * second of the commit, by the signal of its run, and whatever it still does is not recorded.
   *
   * @throws JobNotFoundError
   */
  async cancel(jobId: string): Promise<boolean> {
    const id = assertId(jobId, 'job');
    return this.unitOfWork.transactional(async (em) => {
      const [cancelled] = await this.store.cancel(em, [id]);
      if (!cancelled) {
        await this.getById(id);
        return false;
      }
      this.unitOfWork.afterCommit(() => this.tellOfCancelled(cancelled));
      return true;
    });
  }

  /**
   * Makes dead letters pending again, the oldest first, with all their attempts before them, in the caller's transaction. Returns how
   * many. One whose `uniqueKey` a live job has meanwhile stays.
   *
   * @param filter which of them; all, without one
   * @param options.limit @default 1000
   * @throws InvalidInputError, InvalidIdError, InvalidJobTypeError
   */
  async redrive(filter: RedriveFilter = {}, { limit = REDRIVE_LIMIT }: { readonly limit?: number } = {}): Promise<number> {
    assertRedriveFilter(filter);
    assertInt32(limit, 'limit', 1);
    return this.unitOfWork.transactional(async (em) => {
      const queues = await this.store.redrive(em, filter, limit);
      if (queues.length > 0) this.unitOfWork.afterCommit(() => this.signals.send({ queues: [...new Set(queues)] }));
      return queues.length;
    });
  }

  /**
   * Counts the backlog of each queue and how long it has waited, the workers and what they run, and, on PostgreSQL, the transaction
   * that keeps dead rows from being removed for longest. For dashboards, alerts and health checks.
   */
  async statistics(): Promise<StoreStatistics> {
    return this.store.statistics();
  }

  /**
   * Runs all pending jobs that have a handler here, in this process, until none is left: for tests, scripts and processes without
   * a worker. Returns how many were run; one that failed says so in its row. Not to be awaited inside a transaction.
   */
  async runPending(options: RunPendingOptions = {}): Promise<number> {
    return this.drain.run(options);
  }

  private tellOfCancelled({ id, queue, fairnessKey, concurrencyKey, wasRunning }: CancelledJob): void {
    if (!wasRunning) return;
    this.signals.send({ queues: [queue], cancelled: [id] });
    // The next of its key need not wait for the sweep that would find it.
    if (concurrencyKey !== null) void this.store.unblock(queue, [{ fairnessKey, concurrencyKey }]).catch(() => undefined);
  }

  private async toEntity({ id, isNew, job }: EnqueuedJob): Promise<SystemJob> {
    const { em } = this.unitOfWork;
    // When it is due is for the database to say.
    if (!isNew || isLater(job)) return this.getById(id);
    return em.merge(SystemJob, {
      id: job.id,
      jobType: job.jobType,
      queue: job.queue,
      tenantId: job.tenantId,
      actorUserId: job.actorUserId,
      priority: job.priority,
      payload: job.payload,
      maxAttempts: job.maxAttempts,
      uniqueKey: job.uniqueKey,
      concurrencyKey: job.concurrencyKey,
      traceContext: job.traceContext,
      createdAt: job.createdAt,
      fairnessKey: job.tenantId ?? '',
      status: 'pending',
      output: null,
      progress: null,
      errorLog: null,
      attempt: 0,
      crashCount: 0,
      claimToken: 0,
      workerId: null,
      availableAt: null,
      startedAt: null,
      completedAt: null,
    });
  }
}

function assertRedriveFilter({ ids = [], queue, jobType, tenantId }: RedriveFilter): void {
  for (const id of ids) assertId(id, 'job');
  if (queue !== undefined) assertQueue(queue);
  if (jobType !== undefined) assertJobType(jobType);
  if (tenantId !== undefined) assertId(tenantId, 'tenant');
}
