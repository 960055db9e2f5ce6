import { HostDatabaseError } from '../../common/index.js';

/**
 * Somebody came by an identity that nobody has, with the address of a person who is registered, and the two are not shown to be the same:
 * the provider, the person or both have not verified the address. Nothing was written.
 */
export class IdentityLinkRequiredError extends HostDatabaseError {
  readonly code = 'USERS_IDENTITY_LINK_REQUIRED';

  constructor(
    readonly provider: string,
    /** Who has the address. Not for the one who asks. */
    readonly userId: string,
  ) {
    super('There is an account with this address already. Sign in to it as before, then link this way of signing in to it.');
  }
}

/** The identity belongs to another person. Nothing was written. */
export class IdentityTakenError extends HostDatabaseError {
  readonly code = 'USERS_IDENTITY_TAKEN';

  constructor(
    readonly provider: string,
    options?: ErrorOptions,
  ) {
    super('This identity belongs to another account. Unlink it there first, or sign in with it.', options);
  }
}

/** The person has no such identity. */
export class IdentityNotFoundError extends HostDatabaseError {
  readonly code = 'USERS_IDENTITY_NOT_FOUND';

  constructor(
    readonly identityId: string,
    readonly userId: string,
  ) {
    super(`User ${userId} has no identity ${identityId}. Pass the id of one that list() returns.`);
  }
}

/** Without this identity the person could not sign in any more. Nothing was written. */
export class LastSignInMethodError extends HostDatabaseError {
  readonly code = 'USERS_LAST_SIGN_IN_METHOD';

  constructor(readonly userId: string) {
    super(`It is the only way for user ${userId} to sign in. Link another identity or set a password first.`);
  }
}

/** Nobody can be registered without an address, and the provider has not told any. Nothing was written. */
export class IdentityEmailMissingError extends HostDatabaseError {
  readonly code = 'USERS_IDENTITY_EMAIL_MISSING';

  constructor(readonly provider: string) {
    super('The provider has not told an email address. Allow it to, or give your account there one, and sign in again.');
  }
}
