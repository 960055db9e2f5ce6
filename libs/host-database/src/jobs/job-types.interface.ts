/**
 * The payloads of the job types. Extend it where a type is defined, and `enqueue()` and the handler agree on the payload:
 *
 * ```ts
 * declare module 'nestjs-host-database/jobs' {
 *   interface JobPayloads { 'billing.send-invoice': { invoiceId: string } }
 * }
 * ```
 */
export interface JobPayloads {}

/** The payload of a job type: what {@link JobPayloads} says, or any JSON for a type that it does not know. */
export type JobPayload<T extends string> = T extends keyof JobPayloads ? JobPayloads[T] : unknown;

/** One attempt at a job: what a handler is given. */
export interface JobRun<T extends string = string> {
  readonly id: string;
  readonly type: T;
  readonly queue: string;
  readonly payload: JobPayload<T>;
  /** The tenant that the work is for. */
  readonly tenantId: string | undefined;
  /** Who enqueued it. */
  readonly actorUserId: string | undefined;
  /** 1 for the first attempt. One that a shutdown or a snooze has ended does not count. */
  readonly attempt: number;
  /** The attempt after which the job is a dead letter. */
  readonly maxAttempts: number;
  /**
   * Aborted when this attempt should end. Its `reason` says why: `JobTimeoutError`, `JobCancelledError`, `JobLeaseLostError` or
   * `WorkerShutdownError`.
   */
  readonly signal: AbortSignal;
  /**
   * Stores how far the work is, any JSON, at once and outside the handler's transaction. On SQLite a transactional handler stores none:
   * nobody can write beside it.
   *
   * @throws InvalidInputError when it is not JSON
   * @throws JobLeaseLostError when the job is no longer this worker's
   */
  setProgress(progress: unknown): Promise<void>;
}

/** What runs a job. What it returns is stored as the job's output. */
export type JobHandlerFunction = (run: JobRun) => unknown;
