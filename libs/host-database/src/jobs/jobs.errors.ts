import { HostDatabaseError } from '../common/index.js';

/** A job type is not of the form `room.verb-noun`. Stops the boot, or nothing was enqueued. */
export class InvalidJobTypeError extends HostDatabaseError {
  readonly code = 'JOBS_INVALID_TYPE';

  constructor(readonly jobType: string) {
    super(`'${jobType}' is not a job type. Use the form room.verb-noun, such as billing.send-invoice, at most 127 characters.`);
  }
}

/** A payload cannot be stored as JSON. Nothing was enqueued. */
export class InvalidJobPayloadError extends HostDatabaseError {
  readonly code = 'JOBS_INVALID_PAYLOAD';

  constructor(
    readonly jobType: string,
    options?: ErrorOptions,
  ) {
    super(`The payload of ${jobType} is not JSON. Pass plain objects, arrays, strings, numbers, booleans and null.`, options);
  }
}

/** Two methods handle the same job type. Stops the boot. */
export class DuplicateJobHandlerError extends HostDatabaseError {
  readonly code = 'JOBS_DUPLICATE_HANDLER';

  constructor(
    readonly jobType: string,
    readonly handlers: readonly [string, string],
  ) {
    super(`${jobType} has two handlers, ${handlers[0]} and ${handlers[1]}. Remove one, or give it a type of its own.`);
  }
}

/** There is no job with this id. */
export class JobNotFoundError extends HostDatabaseError {
  readonly code = 'JOBS_NOT_FOUND';

  constructor(readonly jobId: string) {
    super(`There is no job ${jobId}. Pass the id of the job that enqueue() returned.`);
  }
}
