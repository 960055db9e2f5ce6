import { HostDatabaseError } from 'nestjs-host-database';

/** Email and password do not belong together. Which of the two is wrong is not told. */
export class InvalidCredentialsError extends HostDatabaseError {
  readonly code = 'AUTH_INVALID_CREDENTIALS';

  constructor() {
    super('The email or the password is wrong. Try again, or sign up.');
  }
}

/** A session token was not made by this application, has expired, or belongs to nobody any more. */
export class InvalidTokenError extends HostDatabaseError {
  readonly code = 'AUTH_TOKEN_INVALID';

  constructor(options?: ErrorOptions) {
    super('The session token is not valid, or not any more. Sign in again.', options);
  }
}

/** `SESSION_SECRET` is missing or too short. Stops the boot. */
export class SessionSecretError extends HostDatabaseError {
  readonly code = 'AUTH_SESSION_SECRET_INVALID';

  constructor(problem: string) {
    super(`SESSION_SECRET ${problem} Set it to 32 random characters or more, such as the output of: openssl rand -hex 32`);
  }
}

/** This takes a system administrator. Nothing was read or written. */
export class SystemAdminRequiredError extends HostDatabaseError {
  readonly code = 'AUTH_SYSTEM_ADMIN_REQUIRED';

  constructor() {
    super('This is for system administrators. Ask one of them.');
  }
}
