import { inspect } from 'node:util';
import type { Logger } from '@nestjs/common';
import { Discard, RetryAfter, Snooze } from '../job-control.js';
import {
  InvalidJobPayloadError,
  JobTenantRequiredError,
  JobCancelledError,
  JobLeaseLostError,
  WorkerShutdownError,
} from '../jobs.errors.js';
import { retryDelayMs } from '../retry-policy.js';
import type { JobClaim, JobOutcome } from '../store/index.js';
import type { JobAttempt } from './job-attempt.js';

/**
 * How an attempt ended: `completed` with nothing to store, `recorded` by the handler's own transaction, `lost` to another attempt or
 * a cancellation, or an outcome to write.
 */
export type Ending = 'completed' | 'recorded' | 'lost' | JobOutcome;

const ERROR_MAX_LENGTH = 16_000;
/** What another attempt would only meet again. */
const HOPELESS = [Discard, InvalidJobPayloadError, JobTenantRequiredError] as const;

/** A job that was not begun, or not to its end, is everybody's again; this attempt does not count. */
export function giveBack({ id, claimToken }: JobClaim): JobOutcome {
  return { id, claimToken, status: 'pending', isRefunded: true };
}

/** What an error that a handler threw means for its job. */
export function endingOf(attempt: JobAttempt, error: unknown, logger: Logger): Ending {
  const { job, abortReason } = attempt;
  const claim = { id: job.id, claimToken: job.claimToken };
  const cause = abortReason ?? error;
  if (cause instanceof JobLeaseLostError || cause instanceof JobCancelledError) return 'lost';
  if (cause instanceof WorkerShutdownError) return giveBack(job);
  if (cause instanceof Snooze) return { ...claim, status: 'scheduled', delayMs: cause.delayMs, isRefunded: true };
  const delayMs = delayUntilRetry(attempt, cause, logger);
  const subject = `Job ${job.id} (${job.jobType}), attempt ${job.attempt} of ${attempt.maxAttempts}`;
  // The stack is in the row.
  logger.error(`${subject}, failed${delayMs === undefined ? ' for good' : ''}: ${describe(error).split('\n', 1)[0]}`);
  // After a timeout the handler's own error tells where it was; without one it was the timeout that ended it.
  const text = abortReason && error !== abortReason ? `${describe(abortReason)}\n${describe(error)}` : describe(error);
  const log = `Attempt ${job.attempt}: ${text}`;
  return delayMs === undefined
    ? { ...claim, status: 'failed', error: log }
    : { ...claim, status: 'scheduled', delayMs, error: log };
}

function delayUntilRetry({ job, maxAttempts, handler }: JobAttempt, error: unknown, logger: Logger): number | undefined {
  if (HOPELESS.some((kind) => error instanceof kind) || job.attempt >= maxAttempts) return undefined;
  if (error instanceof RetryAfter) return error.delayMs;
  const { retry = {} } = handler.options;
  try {
    if (retry.shouldRetry && !retry.shouldRetry(error, job.attempt)) return undefined;
  } catch (problem) {
    logger.warn(`shouldRetry of ${handler.name} failed, so the job is retried: ${describe(problem).split('\n', 1)[0]}`);
  }
  return retryDelayMs(retry, job.attempt);
}

/** What is kept of an error. What a database does not store in a text, a NUL or half a character, must not keep a job from being failed. */
function describe(error: unknown): string {
  const stack: unknown = error instanceof Error ? error.stack : undefined;
  const text = typeof stack === 'string' ? stack : inspect(error);
  return text.replaceAll('\0', '\u2400').slice(0, ERROR_MAX_LENGTH).toWellFormed();
}
