import { assertWholeOption, InvalidOptionError, withDefaults } from '../common/index.js';
import type { QueueLimits } from './store/index.js';

/** How this process works on one queue, and what all processes together keep to there. */
export interface QueueOptions extends QueueLimits {
  /** How many of its jobs run at the same time in this process. @default the option `jobs.concurrency` */
  readonly concurrency?: number;
  /** @default the option `jobs.prefetch` */
  readonly prefetch?: number;
}

/** For how long finished jobs are kept, in days. */
export interface JobRetention {
  readonly completedDays: number;
  readonly cancelledDays: number;
  /** The dead letters. */
  readonly failedDays: number;
}

/** How this process takes part in the work of the queue. */
export class JobsOptions {
  /** Whether a worker runs in this process. Without one, jobs wait for another process, or for `JobsService.runPending()`. */
  readonly worker: boolean = true;
  /** How many jobs of each queue run at the same time in this process. */
  readonly concurrency: number = 10;
  /**
   * How many jobs a worker may hold beyond those it runs, so that short ones do not wait for the database one by one. It takes no more
   * than it gets done in about 40 ms.
   */
  readonly prefetch: number = 2_000;
  /** The queues with settings of their own. Without any, the worker serves `default` and those that its handlers name. */
  readonly queues: Readonly<Record<string, QueueOptions>> = {};
  /** How many attempts a job has, unless it or its handler says otherwise. */
  readonly maxAttempts: number = 10;
  /** With how many dead workers a job becomes a dead letter: it may be what kills them. */
  readonly maxCrashes: number = 3;
  /** When an attempt is aborted, unless its handler says otherwise. */
  readonly timeoutMs: number = 900_000;
  /** How often a worker says that it is alive. */
  readonly heartbeatMs: number = 4_000;
  /** After how long a silence a worker's jobs are given to others. */
  readonly deadAfterMs: number = 12_000;
  /** Whether processes wake each other, with LISTEN and NOTIFY. Without it, or behind a proxy that swallows it, workers poll. */
  readonly notifications: boolean = true;
  /** How often a worker that is not notified looks for work. */
  readonly pollIntervalMs: number = 1_000;
  /** How long a shutdown lets running jobs go on before it aborts them. */
  readonly shutdownGraceMs: number = 20_000;
  /** How long an aborted attempt may take to end before the worker goes on without it. */
  readonly abortGraceMs: number = 5_000;
  /** After how long a job that no live worker has a handler for is parked. */
  readonly parkAfterMs: number = 60_000;
  /** `false` keeps finished jobs for ever. */
  readonly retention: JobRetention | false = { completedDays: 7, cancelledDays: 7, failedDays: 30 };
}

export const JOBS_OPTIONS = Symbol('nestjs-host-database:jobs-options');

const WHOLE_NUMBERS = [
  ['concurrency', 1],
  ['prefetch', 0],
  ['maxAttempts', 1],
  ['maxCrashes', 1],
  ['timeoutMs', 1],
  ['heartbeatMs', 10],
  ['deadAfterMs', 10],
  ['pollIntervalMs', 1],
  ['shutdownGraceMs', 0],
  ['abortGraceMs', 0],
  ['parkAfterMs', 0],
] as const;

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveJobsOptions(given: Partial<JobsOptions> | undefined): JobsOptions {
  const options = withDefaults(new JobsOptions(), given);
  for (const [name, min] of WHOLE_NUMBERS) assertWholeOption(`jobs.${name}`, options[name], min);
  if (options.deadAfterMs < 2 * options.heartbeatMs) {
    throw new InvalidOptionError(
      'jobs.deadAfterMs',
      `is ${options.deadAfterMs}, less than two heartbeats of ${options.heartbeatMs} ms. Use three or more, so that a late one is not taken for a death.`,
    );
  }
  for (const [name, queue] of Object.entries(options.queues)) assertQueueOptions(`jobs.queues.${name}`, name, queue);
  if (options.retention) {
    for (const [name, days] of Object.entries(options.retention)) assertWholeOption(`jobs.retention.${name}`, days, 0);
  }
  return options;
}

function assertQueueOptions(option: string, name: string, queue: QueueOptions): void {
  if (!isQueueName(name)) {
    throw new InvalidOptionError(
      option,
      'is no name for a queue. Use 1 to 63 lower-case letters, digits, dots, dashes or underscores.',
    );
  }
  const limits = {
    concurrency: queue.concurrency,
    maxRunning: queue.maxRunning,
    maxRunningPerTenant: queue.maxRunningPerTenant,
    maxRunningPerKey: queue.maxRunningPerKey,
    'rateLimit.limit': queue.rateLimit?.limit,
    'rateLimit.periodMs': queue.rateLimit?.periodMs,
  };
  for (const [field, value] of Object.entries(limits)) if (value !== undefined) assertWholeOption(`${option}.${field}`, value, 1);
  if (queue.prefetch !== undefined) assertWholeOption(`${option}.prefetch`, queue.prefetch, 0);
}

/** Whether a text is the name of a queue. */
export function isQueueName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(name);
}
