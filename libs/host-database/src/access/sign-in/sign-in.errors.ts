import { HostDatabaseError } from '../../common/index.js';

/** No provider has this key in `access.signIn.providers`. */
export class UnknownSignInProviderError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_PROVIDER_UNKNOWN';

  constructor(
    /** The keys that there are. */
    readonly providers: readonly string[],
  ) {
    super(`Nobody can sign in by this provider. Use one of: ${providers.join(', ') || 'none is configured'}.`);
  }
}

/** Where somebody wants to go after they have signed in is not in the application: a redirect there could lead them to a forgery. */
export class InvalidReturnToError extends HostDatabaseError {
  readonly code = 'ACCESS_INVALID_RETURN_TO';

  constructor() {
    super('returnTo is not in this application. Pass a path such as /projects, at most 2048 characters.');
  }
}

/**
 * What is wrong with the `state` that came back: there is none, nobody was sent away with it (or it has come back before), too long ago,
 * from another browser, for another provider, or somebody else is signed in now than who wanted to link.
 */
export type SignInStateProblem = 'missing' | 'unknown' | 'expired' | 'other-browser' | 'other-provider' | 'other-user';

/** The way back from a provider does not belong to a way there. Nobody is signed in. */
export class SignInStateError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_STATE_INVALID';

  constructor(readonly problem: SignInStateProblem) {
    super(`This sign-in was not begun here, has ended, or took too long (${problem}). Begin again.`);
  }
}

/** The provider says no: the person has declined, or may not. Nobody is signed in. */
export class SignInDeniedError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_DENIED';

  constructor(
    /** The issuer's URL. */
    readonly provider: string,
    /** As the provider has put it, such as `access_denied`. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The provider ${provider} has not let anybody in (${problem}). Sign in again, or in another way.`, options);
  }
}

/** What the provider has answered does not prove who somebody is. Nobody is signed in. */
export class SignInResponseInvalidError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_RESPONSE_INVALID';

  constructor(
    /** The issuer's URL. */
    readonly provider: string,
    /** What is wrong: the code of the check that has failed, never what was checked. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `The answer of the provider ${provider} is not valid (${problem}). Begin again; check the client if it stays.`,
      options,
    );
  }
}

/** The provider does not answer, or not as providers do. Nobody is signed in. */
export class SignInProviderUnreachableError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_PROVIDER_UNREACHABLE';

  constructor(
    /** The issuer's URL. */
    readonly provider: string,
    /** What has failed. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The provider ${provider} does not answer (${problem}). Try again later, or sign in in another way.`, options);
  }
}

/** A sign-in was to end inside a transaction, which would be open while a provider is asked, and could bring back what was used. */
export class SignInInTransactionError extends HostDatabaseError {
  readonly code = 'ACCESS_SIGN_IN_IN_TRANSACTION';

  constructor() {
    super('A sign-in cannot end inside a transaction. Call finish() outside of transactional().');
  }
}

/** Signing in by a provider needs a package that is not installed. */
export class OpenIdClientMissingError extends HostDatabaseError {
  readonly code = 'ACCESS_OPENID_CLIENT_MISSING';

  constructor(options?: ErrorOptions) {
    super('Signing in by a provider needs openid-client. Install it: npm install openid-client@6.', options);
  }
}
