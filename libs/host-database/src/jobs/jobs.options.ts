import { assertWholeOption, withDefaults } from '../common/index.js';

/** How this process takes part in the work of the queue. */
export class JobsOptions {
  /** Whether a worker runs in this process. Without one, jobs wait for another process, or for `JobsService.runPending()`. */
  readonly worker: boolean = true;
  /** How many jobs run at the same time in this process. */
  readonly concurrency: number = 4;
  /** How long the worker waits for work before it looks again. A job enqueued in this process wakes it at once. */
  readonly pollIntervalMs: number = 1_000;
  /** How long a claim holds unless the worker renews it: what a job waits for after its process was killed. */
  readonly leaseMs: number = 30_000;
}

export const JOBS_OPTIONS = Symbol('nestjs-host-database:jobs-options');

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveJobsOptions(given: Partial<JobsOptions> | undefined): JobsOptions {
  const options = withDefaults(new JobsOptions(), given);
  assertWholeOption('jobs.concurrency', options.concurrency, 1);
  assertWholeOption('jobs.pollIntervalMs', options.pollIntervalMs, 1);
  assertWholeOption('jobs.leaseMs', options.leaseMs, 100);
  return options;
}
