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

/** What a handler is given. */
export interface JobRun<T extends string = string> {
  readonly id: string;
  readonly type: T;
  readonly payload: JobPayload<T>;
  /** The tenant that the work is for. */
  readonly tenantId: string | undefined;
  /** 1 for the first claim, more where an earlier worker died. */
  readonly attempt: number;
  /** Aborted when the application shuts down. */
  readonly signal: AbortSignal;
}

/** What runs a job. */
export type JobHandlerFunction = (run: JobRun) => unknown;
