import { HostDatabaseError } from 'nestjs-host-database';

/** The host database does not answer. */
export class DatabaseDownError extends HostDatabaseError {
  readonly code = 'HEALTH_DATABASE_DOWN';

  constructor(options: ErrorOptions) {
    super('The host database does not answer. Check that its server runs and can be reached from here.', options);
  }
}
