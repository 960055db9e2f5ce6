import { HostDatabaseError } from '../common/index.js';

/** A job type is not of the form `room.verb-noun`. Stops the boot, or nothing was enqueued. */
export class InvalidJobTypeError extends HostDatabaseError {
  readonly code = 'JOBS_INVALID_TYPE';

  constructor(readonly jobType: string) {
    super(`'${jobType}' is not a job type. Use the form room.verb-noun, such as billing.send-invoice, at most 127 characters.`);
  }
}

/** A payload is not JSON, or not what the handler's schema asks for. Nothing was enqueued, or the job became a dead letter. */
export class InvalidJobPayloadError extends HostDatabaseError {
  readonly code = 'JOBS_INVALID_PAYLOAD';

  constructor(
    readonly jobType: string,
    /** What is wrong, one sentence each; empty where it is no JSON at all. */
    readonly problems: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(
      problems.length > 0
        ? `The payload of ${jobType} is not what its schema asks for: ${problems.join('; ')}. Correct it and enqueue again.`
        : `The payload of ${jobType} is not JSON. Pass plain objects, arrays, strings, numbers, booleans and null.`,
      options,
    );
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

/** A handler does not say whether its jobs run for a tenant or for the host. Stops the boot. */
export class UndeclaredJobScopeError extends HostDatabaseError {
  readonly code = 'JOBS_UNDECLARED_SCOPE';

  constructor(
    /** For people: `Mails.sendWelcome()`. */
    readonly handler: string,
  ) {
    super(
      `@JobHandler on ${handler} does not say for whom it runs. Add { runsFor: 'tenant' } to run each job in the database of its tenant, or ` +
        `{ runsFor: 'host' } to run outside of them.`,
    );
  }
}

/** A job whose handler runs for a tenant has none. Nothing was enqueued, or the job became a dead letter. */
export class JobTenantRequiredError extends HostDatabaseError {
  readonly code = 'JOBS_TENANT_REQUIRED';

  constructor(readonly jobType: string) {
    super(`${jobType} runs for a tenant, and none was given. Pass tenantId when it is enqueued or scheduled.`);
  }
}

/** There is no job with this id. */
export class JobNotFoundError extends HostDatabaseError {
  readonly code = 'JOBS_NOT_FOUND';

  constructor(readonly jobId: string) {
    super(`There is no job ${jobId}. Pass the id of the job that enqueue() returned.`);
  }
}

/** An attempt took longer than its timeout. Counts as a failed attempt. */
export class JobTimeoutError extends HostDatabaseError {
  readonly code = 'JOBS_TIMEOUT';

  constructor(
    readonly jobId: string,
    readonly timeoutMs: number,
  ) {
    super(`Job ${jobId} took longer than ${timeoutMs} ms. Make it shorter, or raise timeoutMs of its handler.`);
  }
}

/** The job was cancelled while it ran. What the attempt still does is not recorded. */
export class JobCancelledError extends HostDatabaseError {
  readonly code = 'JOBS_CANCELLED';

  constructor(readonly jobId: string) {
    super(`Job ${jobId} was cancelled. End the work; nothing of this attempt is recorded any more.`);
  }
}

/** The worker was silent for too long and its job was given to another. What the attempt still does is not recorded. */
export class JobLeaseLostError extends HostDatabaseError {
  readonly code = 'JOBS_LEASE_LOST';

  constructor(readonly jobId: string) {
    super(`Job ${jobId} is no longer this worker's. End the work; another attempt has taken its place.`);
  }
}

/** The process shuts down and its grace period is over. The attempt does not count. */
export class WorkerShutdownError extends HostDatabaseError {
  readonly code = 'JOBS_WORKER_SHUTDOWN';

  constructor(readonly jobId: string) {
    super(`The worker of job ${jobId} shuts down. End the work; the job is run again elsewhere.`);
  }
}
