import { HostDatabaseError } from '../../common/index.js';

/** Why a password cannot be chosen. */
export type WeakPasswordReason = 'too-short' | 'too-long' | 'common' | 'contains-email';

function adviceOn(reason: WeakPasswordReason, limit: number | undefined): string {
  switch (reason) {
    case 'too-short':
      return `has fewer than ${limit} characters. Choose a longer one, such as four words.`;
    case 'too-long':
      return `has more than ${limit} characters. Choose a shorter one.`;
    case 'contains-email':
      return 'contains the name in the email address. Choose another one.';
    default:
      return 'is one of those that everybody tries first. Choose another one.';
  }
}

/** A password that somebody has chosen is too easy to guess. Nothing was written. */
export class WeakPasswordError extends HostDatabaseError {
  readonly code = 'USERS_WEAK_PASSWORD';

  constructor(
    readonly reason: WeakPasswordReason,
    /** How many characters are the fewest, or the most, where that is the reason. */
    readonly limit?: number,
  ) {
    super(`The password ${adviceOn(reason, limit)}`);
  }
}

/** Email and password do not belong together, or the person may not sign in. Which of it, is not told. */
export class InvalidCredentialsError extends HostDatabaseError {
  readonly code = 'USERS_INVALID_CREDENTIALS';

  constructor() {
    super('The email or the password is wrong. Try again, or ask for a new password.');
  }
}

/** Too many wrong passwords came for an address, whether or not somebody has it. This one was not looked at. */
export class TooManyAttemptsError extends HostDatabaseError {
  readonly code = 'USERS_TOO_MANY_ATTEMPTS';

  constructor(readonly retryAfterMs: number) {
    super(`Too many attempts. Try again in ${Math.ceil(retryAfterMs / 1_000)} seconds, or ask for a new password.`);
  }
}

/** A password was to be looked at in a transaction, which would forget that it was wrong. Nothing was looked at. */
export class PasswordInTransactionError extends HostDatabaseError {
  readonly code = 'USERS_PASSWORD_IN_TRANSACTION';

  constructor() {
    super(
      'A password is not looked at inside a transaction: its rollback would forget the attempt. Call this before the transaction, or ' +
        'after it.',
    );
  }
}

/** A package that passwords need is not installed. */
export class PasswordPackageMissingError extends HostDatabaseError {
  readonly code = 'USERS_PASSWORD_PACKAGE_MISSING';

  constructor(
    readonly packageName: string,
    options: ErrorOptions,
  ) {
    super(`The package ${packageName} could not be loaded. Install it: passwords need it.`, options);
  }
}
