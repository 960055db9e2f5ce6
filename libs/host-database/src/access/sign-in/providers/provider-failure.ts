import { HostDatabaseError } from '../../../common/index.js';
import { SignInDeniedError, SignInProviderUnreachableError, SignInResponseInvalidError } from '../sign-in.errors.js';
import type { OpenIdClient } from './openid-client.js';

/** What openid-client calls answers that are none of a provider, or that never came. */
const NO_ANSWER = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);
const SERVER_ERROR = 500;
const PROBLEM = /^[\w.-]{1,64}$/;

/**
 * Returns what an error of openid-client means, without what it carries: its causes hold the response, with code and tokens, and whatever
 * is in the cause of an error ends in a log.
 */
export function providerFailure(client: OpenIdClient, provider: string, error: unknown): unknown {
  if (error instanceof HostDatabaseError) return error;
  if (error instanceof client.AuthorizationResponseError) return new SignInDeniedError(provider, problemOf(error.error));
  if (error instanceof client.ResponseBodyError) {
    const Failure = error.status >= SERVER_ERROR ? SignInProviderUnreachableError : SignInResponseInvalidError;
    return new Failure(provider, problemOf(error.error));
  }
  if (error instanceof client.WWWAuthenticateChallengeError) return new SignInResponseInvalidError(provider, 'unauthorized');
  if (error instanceof client.ClientError) {
    const { code } = error;
    const cause = new Error(error.message);
    return code === undefined || NO_ANSWER.has(code)
      ? new SignInProviderUnreachableError(provider, problemOf(code), { cause })
      : new SignInResponseInvalidError(provider, problemOf(code), { cause });
  }
  // What fetch() throws where there is no connection.
  if (error instanceof TypeError && !('code' in error)) {
    const reason: unknown = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
    return new SignInProviderUnreachableError(provider, problemOf(reason), { cause: new Error(error.message) });
  }
  return error;
}

/** What the other side says may be anything. */
function problemOf(text: unknown): string {
  return typeof text === 'string' && PROBLEM.test(text) ? text : 'unknown';
}
