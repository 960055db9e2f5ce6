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

  constructor(
    private readonly claims: JobClaims,
    private readonly registry: JobHandlersRegistry,
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** Runs jobs, of some types or of all that have a handler here, until none is left or `signal` is aborted; those that have begun are finished. Returns how many were run. */
  async runPending(signal: AbortSignal, only?: readonly string[]): Promise<number> {
    const types = this.registry.types.filter((type) => only?.includes(type) ?? true);
    const lanes = Array.from({ length: this.options.concurrency }, () => this.runLane(types, signal));
    // Where one lane fails, the jobs of the others are still awaited: a shutdown must not overtake them.
    await Promise.allSettled(lanes);
    const counts = await Promise.all(lanes);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  private async runLane(types: readonly string[], signal: AbortSignal): Promise<number> {
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
    if (failure) this.logger.error(`Job ${job.id} (${job.jobType}) failed: ${String(failure.error)}`);
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

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : inspect(error);
}
