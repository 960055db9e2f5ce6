import type { VerifiedIdentity } from '../../users/index.js';

/** What a person is sent to the provider with. All of it is made for this one time, and secret but for what goes into the address. */
export interface SignInAttempt {
  /** Where the provider sends them back to. */
  readonly redirectUri: string;
  readonly state: string;
  /** Comes back inside the identity token. */
  readonly nonce: string;
  /** The secret half of PKCE: the provider gets its SHA-256 now, and itself with the code. */
  readonly codeVerifier: string;
  readonly now: Date;
}

/** With what they came back. */
export interface SignInReturn extends SignInAttempt {
  /** The `redirectUri` with what the provider has added. */
  readonly callbackUrl: URL;
}

/**
 * Somebody who knows who people are, and sends them back with a proof: `google()`, `microsoft()`, `github()`, `oidc()`, or one of your own.
 * `state` and the browser are checked before {@link finish} is called.
 */
export abstract class SignInProvider {
  /**
   * Returns the address at which the person signs in.
   *
   * @throws OpenIdClientMissingError, SignInProviderUnreachableError, SignInResponseInvalidError
   */
  abstract begin(attempt: SignInAttempt): Promise<URL>;

  /**
   * Returns who came back.
   *
   * @throws SignInDeniedError, SignInResponseInvalidError, SignInProviderUnreachableError
   */
  abstract finish(returned: SignInReturn): Promise<VerifiedIdentity>;
}
