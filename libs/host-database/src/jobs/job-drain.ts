import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobScheduler } from './schedules/job-scheduler.js';
import { type ClaimedJob, type ClaimRequest, JobStore } from './store/index.js';
import { DrainedAttempts } from './worker/drained-attempts.js';
import { FairShare } from './worker/fair-share.js';
import { JobRunner } from './worker/job-runner.js';
import { queuesOf, settingsOf } from './worker/queue-settings.js';
import { WorkerSession } from './worker/worker-session.js';

/** Which jobs to run. */
export interface RunPendingOptions {
  /** Only jobs of these types. @default all that have a handler in this process */
  readonly types?: readonly string[];
  /** At most so many. @default all */
  readonly limit?: number;
}

const PROMOTE_BATCH = 1_000;
const TENANTS_PER_CLAIM = 1_000;

interface Drain {
  readonly jobTypes: readonly string[];
  readonly limit: number;
  readonly attempts: DrainedAttempts;
}

type Claimant = Pick<ClaimRequest, 'queue' | 'workerId' | 'jobTypes'>;

/** Runs jobs now, in this process, until none is left, batch by batch. */
@Injectable()
export class JobDrain implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly drains = new Map<Promise<number>, DrainedAttempts>();
  private isStopping = false;

  constructor(
    private readonly store: JobStore,
    private readonly registry: JobHandlersRegistry,
    private readonly runner: JobRunner,
    private readonly scheduler: JobScheduler,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  async run({ types, limit = Infinity }: RunPendingOptions): Promise<number> {
    const jobTypes = this.registry.types.filter((type) => types?.includes(type) ?? true);
    if (jobTypes.length === 0) return 0;
    const { store, registry, runner, options, logger } = this;
    const attempts = new DrainedAttempts({ store, registry, runner, options, logger });
    const drain = this.drainAll({ jobTypes, limit, attempts }).finally(() => attempts.close());
    this.drains.set(drain, attempts);
    return drain.finally(() => this.drains.delete(drain));
  }

  /** Begins no more jobs, lets those that run end, and asks them to after the grace period. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    const abort = () => this.drains.forEach((attempts) => attempts.abort());
    const timer = setTimeout(abort, this.options.shutdownGraceMs);
    await Promise.allSettled(this.drains.keys());
    clearTimeout(timer);
  }

  private async drainAll({ jobTypes, limit, attempts }: Drain): Promise<number> {
    const { store, options } = this;
    const queues = queuesOf(options, this.registry).map((queue) => ({ queue, turns: new FairShare() }));
    const names = queues.map(({ queue }) => queue);
    const session = new WorkerSession({ store, options, queues: names, jobTypes, schedules: () => [] });
    await session.open();
    const heartbeat = setInterval(() => {
      session.beat().catch((error: unknown) => this.logger.warn(`A heartbeat failed: ${String(error)}`));
    }, options.heartbeatMs);
    try {
      // Where nobody else does: a script may be all the workers there are.
      await store.unpark(jobTypes);
      await session.beat();
      // Unless the database has just kept everybody waiting: the others' silence says nothing then.
      if (session.mayRescue)
        await store.rescue({
          workerId: session.workerId,
          deadAfterMs: options.deadAfterMs,
          maxCrashes: options.maxCrashes,
        });
      await store.unblockIdle();
      let count = 0;
      for (let isWorking = true; isWorking && count < limit && !this.isStopping;) {
        await this.scheduler.tick();
        await store.promote(PROMOTE_BATCH);
        isWorking = false;
        for (const { queue, turns } of queues) {
          const jobs = await this.claim({ queue, jobTypes, workerId: session.workerId }, turns, limit - count);
          if (jobs.length === 0) continue;
          if (this.isStopping) {
            await store.settle(jobs.map(({ id, claimToken }) => ({ id, claimToken, status: 'pending', isRefunded: true })));
            return count;
          }
          isWorking = true;
          count += jobs.length;
          await this.runAll(jobs, attempts);
        }
      }
      return count;
    } finally {
      clearInterval(heartbeat);
      await session.close();
    }
  }

  private async claim(claimant: Claimant, turns: FairShare, most: number): Promise<readonly ClaimedJob[]> {
    const { queue } = claimant;
    const { concurrency, limits } = settingsOf(this.options, queue);
    const count = Math.min(concurrency, most);
    if (limits) {
      const shareOut = turns.shareOut.bind(turns);
      return (await this.store.claimWithin({ ...claimant, limits, count, shareOut, after: undefined })).jobs;
    }
    const tenants = await this.store.findReadyTenants(queue, undefined, TENANTS_PER_CLAIM);
    let rooms = tenants.map((fairnessKey) => ({ fairnessKey, room: Infinity }));
    for (;;) {
      const shares = turns.shareOut(rooms, count);
      if (shares.length === 0) return [];
      const { jobs } = await this.store.claim({ ...claimant, shares });
      if (jobs.length > 0) return jobs;
      // Their jobs are of types that have no handler here, but those of others may not be.
      const empty = new Set(shares.map(({ fairnessKey }) => fairnessKey));
      rooms = rooms.filter(({ fairnessKey }) => !empty.has(fairnessKey));
    }
  }

  private async runAll(jobs: readonly ClaimedJob[], attempts: DrainedAttempts): Promise<void> {
    const outcomes = await Promise.all(jobs.map((job) => attempts.run(job)));
    await this.store.settle(outcomes.flatMap((outcome) => outcome ?? []));
    const freed = jobs.flatMap(({ fairnessKey, concurrencyKey }) =>
      concurrencyKey === null ? [] : { fairnessKey, concurrencyKey },
    );
    const [first] = jobs;
    if (first && freed.length > 0) await this.store.unblock(first.queue, freed);
  }
}
