import { HostDatabaseError } from '../common/index.js';

/** There is no user with this id. */
export class UserNotFoundError extends HostDatabaseError {
  readonly code = 'USERS_NOT_FOUND';

  constructor(readonly userId: string) {
    super(`There is no user ${userId}. Pass the id of a user that exists.`);
  }
}

/** A user with this email exists, in whatever case it is written. Nothing was written. */
export class DuplicateEmailError extends HostDatabaseError {
  readonly code = 'USERS_DUPLICATE_EMAIL';

  constructor(
    readonly email: string,
    options?: ErrorOptions,
  ) {
    super('A user with this email exists already. Sign in as that user, or use another address.', options);
  }
}

/** This identity of an OAuth provider belongs to a user already. Nothing was written. */
export class DuplicateOAuthIdentityError extends HostDatabaseError {
  readonly code = 'USERS_DUPLICATE_OAUTH_IDENTITY';

  constructor(
    readonly oauthId: string,
    options?: ErrorOptions,
  ) {
    super('A user with this OAuth identity exists already. Use findOrCreateByOAuth() to sign in.', options);
  }
}

/** The person may not sign in any more; what they have stays. Nothing was written. */
export class UserDeactivatedError extends HostDatabaseError {
  readonly code = 'USERS_DEACTIVATED';

  constructor(readonly userId: string) {
    super(`The account of user ${userId} is deactivated. Ask an administrator to reactivate it.`);
  }
}

/** Who acts as somebody else wanted to change how that person signs in, which would let them in for ever. Nothing was written. */
export class ImpersonatedAccountChangeError extends HostDatabaseError {
  readonly code = 'USERS_IMPERSONATED_ACCOUNT_CHANGE';

  constructor(readonly userId: string) {
    super(`Only user ${userId} themselves can change how they sign in. End the impersonation, and ask them to.`);
  }
}
