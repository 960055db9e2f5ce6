/** When a job that failed is tried again. */
export interface RetryPolicy {
  /** How many attempts there are in all. @default the option `jobs.maxAttempts` */
  readonly maxAttempts?: number;
  /** What the wait after the first attempt is at most. @default 1000 */
  readonly delayMs?: number;
  /** By how much it grows from attempt to attempt. @default 2 */
  readonly factor?: number;
  /** What it never exceeds. @default 3600000, an hour */
  readonly maxDelayMs?: number;
  /** `full` waits a random part of that, so that jobs which failed together do not come back together. @default 'full' */
  readonly jitter?: 'full' | 'none';
  /** Whether an error is worth another attempt. @default every error is */
  readonly shouldRetry?: (error: unknown, attempt: number) => boolean;
}

const DEFAULT_DELAY_MS = 1_000;
const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_DELAY_MS = 3_600_000;

/**
 * How long to wait after an attempt: exponential, with full jitter.
 *
 * @param attempt the one that failed, from 1
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(
  { delayMs = DEFAULT_DELAY_MS, factor = DEFAULT_FACTOR, maxDelayMs = DEFAULT_MAX_DELAY_MS, jitter = 'full' }: RetryPolicy,
  attempt: number,
  random: () => number = Math.random,
): number {
  // After a thousand attempts or so the power is Infinity, and that times 0 is no number.
  const limit = delayMs === 0 ? 0 : Math.min(maxDelayMs, delayMs * factor ** (attempt - 1));
  return jitter === 'none' ? limit : random() * limit;
}
