import { inspect } from 'node:util';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ContextService } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';
import { JobClaims } from './job-claims.js';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import type { JobRun } from './job-types.interface.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import type { SystemJob } from './system-job.entity.js';

/** Claims jobs and runs them, several at a time. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger('Jobs');
  private readonly lanes = new Set<Promise<number>>();

  constructor(
    private readonly claims: JobClaims,
    private readonly registry: JobHandlersRegistry,
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** Runs jobs, of some types or of all that have a handler here, until none is left. Returns how many were run. */
  async runPending(signal: AbortSignal, types?: readonly string[]): Promise<number> {
    const lanes = Array.from({ length: this.options.concurrency }, () => this.runLane(signal, types));
    // Where one lane fails, the jobs of the others are still awaited.
    await Promise.allSettled(lanes);
    const counts = await Promise.all(lanes);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Runs one job after the other until none is left or `signal` is aborted; the one that has begun is finished. */
  async runLane(signal: AbortSignal, only?: readonly string[]): Promise<number> {
    const lane = this.work(signal, only);
    this.lanes.add(lane);
    return lane.finally(() => this.lanes.delete(lane));
  }

  /** Resolves once all jobs that have begun in this process are finished. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.lanes);
  }

  private async work(signal: AbortSignal, only?: readonly string[]): Promise<number> {
    const types = this.registry.types.filter((type) => only?.includes(type) ?? true);
    for (let count = 0; ; count++) {
      const job = signal.aborted ? undefined : await this.claims.claimNext(types);
      if (!job) return count;
      await this.run(job, signal);
    }
  }

  private async run(job: SystemJob, signal: AbortSignal): Promise<void> {
    const renewal = setInterval(() => {
      this.claims.renew(job).catch((error: unknown) => this.logger.warn(`Job ${job.id}: lease not renewed: ${String(error)}`));
    }, this.options.leaseMs / 3);
    let failure: { error: unknown } | undefined;
    try {
      await this.handle(job, signal);
    } catch (error) {
      failure = { error };
    } finally {
      clearInterval(renewal);
    }
    // The stack is in the row.
    if (failure) this.logger.error(`Job ${job.id} (${job.jobType}) failed: ${describe(failure.error).split('\n', 1)[0]}`);
    const finished = await (failure
      ? this.claims.finish(job, 'failed', describe(failure.error))
      : this.claims.finish(job, 'completed'));
    if (!finished)
      this.logger.warn(`Job ${job.id} (${job.jobType}) ended after its lease had lapsed; its outcome was not recorded.`);
  }

  private async handle(job: SystemJob, signal: AbortSignal): Promise<void> {
    const run: JobRun = {
      id: job.id,
      type: job.jobType,
      payload: job.payload,
      tenantId: job.tenantId ?? undefined,
      attempt: job.claimToken,
      signal,
    };
    await this.context.run({ requestId: `job:${job.id}`, ...(run.tenantId !== undefined && { tenantId: run.tenantId }) }, () =>
      this.unitOfWork.run(() => this.registry.find(job.jobType)?.(run)),
    );
  }
}

const ERROR_LOG_MAX_LENGTH = 64_000;

/** What is kept of an error. A NUL, which no database stores in a text, must not keep a job from being failed. */
function describe(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : inspect(error);
  return text.replaceAll('\0', '\u2400').slice(0, ERROR_LOG_MAX_LENGTH);
}
