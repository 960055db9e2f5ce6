import { SetMetadata } from '@nestjs/common';
import type { JobRun } from './job-types.interface.js';

/** Key of the metadata that {@link JobHandler} writes. */
export const JOB_HANDLER_METADATA = 'nestjs-host-database:job-handler';

/**
 * Makes a method of a provider the handler of one job type (`room.verb-noun`).
 *
 * Each run has its own unit of work on the host database, flushed when the method resolves, and the job's tenant in the context.
 * A job whose process died is run again: handlers have to be idempotent.
 */
export function JobHandler<const T extends string>(type: T) {
  return <M extends (run: JobRun<T>) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    SetMetadata(JOB_HANDLER_METADATA, type)(target, key, descriptor);
  };
}
