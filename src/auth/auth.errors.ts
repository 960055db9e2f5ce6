import { HostDatabaseError } from 'nestjs-host-database';

/** One address has asked too often for something that can be guessed. Nothing was looked at. */
export class TooManyRequestsError extends HostDatabaseError {
  readonly code = 'AUTH_TOO_MANY_REQUESTS';

  constructor(readonly retryAfterSeconds: number) {
    super(`Too many requests. Try again in ${retryAfterSeconds} seconds.`);
  }
}
