import type { Logger } from '@nestjs/common';
import type { JobHandlersRegistry } from '../job-handlers.registry.js';
import { JobCancelledError, JobLeaseLostError, JobTimeoutError, WorkerShutdownError } from '../jobs.errors.js';
import type { JobsOptions } from '../jobs.options.js';
import type { ClaimedJob, JobOutcome, JobStore } from '../store/index.js';
import { JobAttempt } from './job-attempt.js';
import { type Ending, endingOf } from './job-ending.js';
import type { JobRunner } from './job-runner.js';

const WATCH_EVERY_MS = 250;
/** Cancelled jobs, and those that others have taken, are found within a second. */
const WATCHES_PER_CHECK = 4;

interface DrainedAttemptsContext {
  readonly store: JobStore;
  readonly registry: JobHandlersRegistry;
  readonly runner: JobRunner;
  readonly options: JobsOptions;
  readonly logger: Logger;
}

/** The attempts of one drain: asked to end when they should, and given up when they do not. */
export class DrainedAttempts {
  private readonly running = new Map<JobAttempt, (ending: Ending) => void>();
  private readonly timer = setInterval(() => void this.watch(), WATCH_EVERY_MS);
  private watches = 0;

  constructor(private readonly context: DrainedAttemptsContext) {}

  /** Runs one attempt; returns what is to be recorded of it. */
  async run(job: ClaimedJob): Promise<JobOutcome | undefined> {
    const { store, registry, runner, options } = this.context;
    const handler = registry.find(job.jobType);
    if (!handler) return undefined;
    const { maxAttempts, timeoutMs } = options;
    const attempt = new JobAttempt(job, handler, { maxAttempts, timeoutMs }, store);
    const { promise: abandoned, resolve: abandon } = Promise.withResolvers<Ending>();
    this.running.set(attempt, abandon);
    const ending = await Promise.race([runner.run(attempt), abandoned]).finally(() => this.running.delete(attempt));
    if (ending === 'completed') return { id: job.id, claimToken: job.claimToken, status: 'completed' };
    return typeof ending === 'object' ? ending : undefined;
  }

  /** Asks all of them to end: the process shuts down. */
  abort(): void {
    for (const attempt of this.running.keys()) attempt.abort(new WorkerShutdownError(attempt.id));
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async watch(): Promise<void> {
    const now = performance.now();
    for (const attempt of this.running.keys()) {
      if (attempt.isOverdue(now)) attempt.abort(new JobTimeoutError(attempt.id, attempt.timeoutMs));
      else if (attempt.isStuck(now, this.context.options.abortGraceMs)) this.abandon(attempt);
    }
    this.watches++;
    if (this.watches % WATCHES_PER_CHECK === 0) await this.findLost();
  }

  private async findLost(): Promise<void> {
    const attempts = [...this.running.keys()];
    if (attempts.length === 0) return;
    try {
      const lost = new Map((await this.context.store.findLost(attempts.map(({ job }) => job))).map((claim) => [claim.id, claim]));
      for (const attempt of attempts) {
        const claim = lost.get(attempt.id);
        // One that has ended meanwhile is lost as well: aborting it changes nothing.
        if (claim)
          attempt.abort(claim.status === 'cancelled' ? new JobCancelledError(claim.id) : new JobLeaseLostError(claim.id));
      }
    } catch (error) {
      this.context.logger.debug(`Cancelled jobs are looked for again: ${String(error)}`);
    }
  }

  private abandon(attempt: JobAttempt): void {
    const { logger } = this.context;
    const reason = attempt.abortReason ?? new WorkerShutdownError(attempt.id);
    logger.warn(`${attempt.handler.name} does not end although it was asked to: ${reason.message}`);
    this.running.get(attempt)?.(endingOf(attempt, reason, logger));
  }
}
