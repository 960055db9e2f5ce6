import { HostDatabaseError } from './host-database.error.js';

/** An id is not 32 lower-case hex characters. Nothing was read or written. */
export class InvalidIdError extends HostDatabaseError {
  readonly code = 'COMMON_INVALID_ID';

  constructor(
    /** What the id was meant to name, such as `tenant`. */
    readonly subject: string,
  ) {
    super(`The ${subject} id is malformed. Pass the 32 lower-case hex characters that genId() makes and the services return.`);
  }
}

/** A value that a caller passed is outside what the service accepts. Nothing was written. */
export class InvalidInputError extends HostDatabaseError {
  readonly code = 'COMMON_INVALID_INPUT';

  constructor(
    /** The name of the argument, such as `email`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The ${field} ${problem}`, options);
  }
}

/** An option of the module is outside what it can be. Stops the boot. */
export class InvalidOptionError extends HostDatabaseError {
  readonly code = 'COMMON_INVALID_OPTION';

  constructor(
    /** The option's path, such as `jobs.concurrency`. */
    readonly option: string,
    problem: string,
  ) {
    super(`The option ${option} ${problem}`);
  }
}
