import type { JobRun } from '../job-types.interface.js';
import type { ScheduleOptions } from './schedule-definition.js';

/** What a schedule of the code may say. */
export interface ScheduledJobOptions<P = null> extends ScheduleOptions {
  /** What it is known by, over all processes. A method with several schedules needs one for each. @default the type of the job */
  readonly name?: string;
  /** What the handler is given. @default null */
  readonly payload?: P;
}

/** What the decorator has written on a method. */
export interface ScheduledJobMetadata extends ScheduledJobOptions<unknown> {
  readonly cron: string;
}

/** Key of the metadata that {@link ScheduledJob} writes. */
export const SCHEDULED_JOB_METADATA = 'nestjs-host-database:scheduled-job';

/** A run with this payload, of whatever type the handler is. */
type RunWith<P> = Omit<JobRun, 'type' | 'payload'> & { readonly type: never; readonly payload: Writable<P> };

/** The payload without the `readonly` that `const` adds. */
type Writable<P> = { -readonly [K in keyof P]: Writable<P[K]> };

/**
 * Enqueues a job for a `@JobHandler` method at every time that the cron says, once over all processes:
 * `@ScheduledJob('0 3 * * *', { timeZone: 'Europe/Berlin' })`.
 *
 * Five fields (minute, hour, day, month, weekday), or six with the seconds first. A wrong one stops the boot. Each process writes the
 * schedules of its code into `sys_job_schedules` when it starts; one that is taken out of the code is not run any more.
 */
export function ScheduledJob<const P = null>(cron: string, options: ScheduledJobOptions<P> = {}) {
  return <M extends (run: RunWith<P>) => Promise<unknown>>(
    _target: object,
    _key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const method = descriptor.value as object;
    const others = (Reflect.getOwnMetadata(SCHEDULED_JOB_METADATA, method) ?? []) as readonly ScheduledJobMetadata[];
    const own: ScheduledJobMetadata = { ...options, cron };
    // Decorators are applied from the last to the first.
    Reflect.defineMetadata(SCHEDULED_JOB_METADATA, [own, ...others], method);
  };
}
