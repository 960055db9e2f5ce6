import { SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobPayload, JobRun } from './job-types.interface.js';
import type { RetryPolicy } from './retry-policy.js';

/** For whom a job runs: in the database of its tenant, or outside of all of them. */
export type JobScope = 'tenant' | 'host';

/** How the jobs of one type are run. */
export interface JobHandlerOptions<T extends string = string> {
  /** The queue of jobs that are enqueued without one. @default 'default' */
  readonly queue?: string;
  /** When a job that failed is tried again. */
  readonly retry?: RetryPolicy;
  /** When an attempt is aborted. @default the option `jobs.timeoutMs` */
  readonly timeoutMs?: number;
  /**
   * Whether the handler and the completion of its job are one transaction on the host database: what it writes there happens exactly
   * once. Keep such a handler short: on SQLite nobody else writes meanwhile.
   *
   * @default false
   */
  readonly transactional?: boolean;
  /**
   * For whom its jobs run. `tenant`: each belongs to one, in whose database it runs, so that tenant repositories work in the handler; one
   * without is refused. `host`: outside of every tenant's database, also where a job belongs to one, for fairness and for the log.
   *
   * Has to be said where the module was given tenant entities; an application without has nothing to choose.
   */
  readonly runsFor?: JobScope;
  /**
   * Checks payloads, when they are enqueued in a process with the handler and when they are run: Zod, Valibot, ArkType and others. It
   * only checks: what it makes of a payload is not what the handler is given.
   */
  readonly schema?: StandardSchemaV1<unknown, JobPayload<T>>;
}

/** What the decorator has written on a method. */
export interface JobHandlerMetadata {
  readonly type: string;
  readonly options: JobHandlerOptions;
}

/** Key of the metadata that {@link JobHandler} writes. */
const JOB_HANDLER_METADATA = 'nestjs-host-database:job-handler';

/**
 * Makes a method of a provider the handler of one job type (`room.verb-noun`).
 *
 * Each run has a context and a unit of work of its own on the host database, flushed when the method resolves, and the job's tenant
 * bound. A job whose process died is run again: a handler that is not transactional has to be idempotent.
 */
export function JobHandler<const T extends string>(type: T, options: JobHandlerOptions<T> = {}) {
  return <M extends (run: JobRun<T>) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    SetMetadata(JOB_HANDLER_METADATA, { type, options })(target, key, descriptor);
  };
}

/** Reads what the decorator has written; undefined on any other method. */
export function jobHandlerMetadataOf(reflector: Reflector, method: object): JobHandlerMetadata | undefined {
  return reflector.get<JobHandlerMetadata | undefined>(JOB_HANDLER_METADATA, method as () => unknown);
}
