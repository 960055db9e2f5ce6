import { assertJson } from '../../common/index.js';
import { JobCancelledError, JobLeaseLostError } from '../jobs.errors.js';
import type { JobPayload, JobRun } from '../job-types.interface.js';
import type { RegisteredHandler } from '../job-handlers.registry.js';
import type { ClaimedJob, JobStore } from '../store/index.js';

/** What holds for an attempt unless its handler or its job says otherwise. */
export interface AttemptDefaults {
  readonly maxAttempts: number;
  readonly timeoutMs: number;
}

/** One attempt at a job in this process: what its handler is given, and the handle by which the worker ends it. */
export class JobAttempt implements JobRun {
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  private controller: AbortController | undefined;
  private reason: Error | undefined;
  private abortedAt: number | undefined;

  constructor(
    readonly job: ClaimedJob,
    readonly handler: RegisteredHandler,
    defaults: AttemptDefaults,
    private readonly store: JobStore,
  ) {
    this.maxAttempts = job.maxAttempts ?? handler.options.retry?.maxAttempts ?? defaults.maxAttempts;
    this.timeoutMs = handler.options.timeoutMs ?? defaults.timeoutMs;
  }

  get id(): string {
    return this.job.id;
  }

  get type(): string {
    return this.job.jobType;
  }

  get queue(): string {
    return this.job.queue;
  }

  get payload(): JobPayload<string> {
    return this.job.payload;
  }

  get tenantId(): string | undefined {
    return this.job.tenantId ?? undefined;
  }

  get actorUserId(): string | undefined {
    return this.job.actorUserId ?? undefined;
  }

  get attempt(): number {
    return this.job.attempt;
  }

  /** Made when it is first asked for: most handlers are too short to. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Why this attempt should end; undefined as long as it should not. */
  get abortReason(): Error | undefined {
    return this.reason;
  }

  /** Asks the handler to end. The first reason counts. */
  abort(reason: Error): void {
    if (this.reason) return;
    this.reason = reason;
    this.abortedAt = performance.now();
    this.controller?.abort(reason);
  }

  isOverdue(now: number): boolean {
    return this.reason === undefined && now - this.startedAt > this.timeoutMs;
  }

  /** Whether it was asked to end so long ago that it is not going to. */
  isStuck(now: number, graceMs: number): boolean {
    return this.abortedAt !== undefined && now - this.abortedAt > graceMs;
  }

  /** A property, so that a handler may take it out of its run. */
  readonly setProgress = async (progress: unknown): Promise<void> => {
    const json = assertJson(progress ?? null, 'progress');
    // Its own transaction holds the one write lock: waiting for that would be waiting for oneself.
    if (this.handler.options.transactional && !this.store.hasConcurrentWriters) return;
    if (await this.store.recordProgress(this.job, json)) return;
    const [lost] = await this.store.findLost([this.job]);
    const error = lost?.status === 'cancelled' ? new JobCancelledError(this.id) : new JobLeaseLostError(this.id);
    this.abort(error);
    throw error;
  };
}
