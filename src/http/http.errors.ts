import { HostDatabaseError } from 'nestjs-host-database';

/** What is wrong with one field of a request. */
export interface FieldError {
  /** Its path, such as `address.city`. */
  readonly field: string;
  readonly messages: readonly string[];
}

/** The body of a request is not what the route takes. Nothing was read or written. */
export class RequestInvalidError extends HostDatabaseError {
  readonly code = 'REQUEST_INVALID';

  constructor(readonly errors: readonly FieldError[]) {
    super(`The request is not valid: ${errors.flatMap(({ messages }) => messages).join(', ')}.`);
  }
}
