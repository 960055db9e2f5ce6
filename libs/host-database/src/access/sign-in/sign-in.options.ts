import { InvalidOptionError } from '../../common/index.js';
import type { GlobalUser } from '../../users/index.js';
import { assertSecureUrl } from './providers/secure-url.js';
import type { SignInProvider } from './sign-in-provider.js';

/** A tenant that everybody gets with their account, as its owner. */
export interface PersonalTenantOptions {
  /** What it is called: `(user) => user.email`. */
  readonly name: (user: GlobalUser) => string;
  /** @default 'free' */
  readonly planTier?: string;
}

/** By whom people can sign in. */
export interface SignInOptions {
  /** The origin at which browsers see the application, such as `https://app.example.com`. Needed with providers. */
  readonly publicUrl?: string;
  /** Where providers send people back to; `:provider` is the key. Each provider has to know its own. @default '/auth/:provider/callback' */
  readonly callbackPath?: string;
  /** By key, which is part of addresses: `{ google: google({ clientId, clientSecret }) }`. */
  readonly providers?: Readonly<Record<string, SignInProvider>>;
  /** Made with each person who is registered, in the same transaction, by whichever way they come. @default none */
  readonly personalTenant?: PersonalTenantOptions;
}

export interface ResolvedSignInOptions extends SignInOptions {
  readonly callbackPath: string;
  readonly providers: Readonly<Record<string, SignInProvider>>;
}

const PROVIDER_KEY = /^[a-z][a-z0-9-]{0,62}$/;
const CALLBACK_PATH = /^\/(?!\/)[^?#\\\s]*$/;
export const PROVIDER_PARAMETER = ':provider';

/** @throws InvalidOptionError */
export function resolveSignInOptions({
  publicUrl,
  callbackPath = `/auth/${PROVIDER_PARAMETER}/callback`,
  providers = {},
  personalTenant,
}: SignInOptions = {}): ResolvedSignInOptions {
  for (const key of Object.keys(providers)) {
    if (!PROVIDER_KEY.test(key)) {
      throw new InvalidOptionError(`access.signIn.providers.${key}`, 'has a key that is not 1 to 63 of: a-z, 0-9, dash.');
    }
  }
  // With one address for all, the answer of a bad provider could be taken for that of a good one.
  if (!CALLBACK_PATH.test(callbackPath) || !callbackPath.includes(PROVIDER_PARAMETER)) {
    throw new InvalidOptionError('access.signIn.callbackPath', `must be a path with ${PROVIDER_PARAMETER} in it.`);
  }
  if (publicUrl === undefined && Object.keys(providers).length > 0) {
    throw new InvalidOptionError('access.signIn.publicUrl', 'is missing. Providers have to know where to send people back to.');
  }
  const origin = publicUrl === undefined ? {} : { publicUrl: assertOrigin(publicUrl) };
  return { ...origin, callbackPath, providers, ...(personalTenant && { personalTenant }) };
}

function assertOrigin(publicUrl: string): string {
  const { origin, pathname } = assertSecureUrl('access.signIn.publicUrl', publicUrl);
  if (pathname !== '/') {
    throw new InvalidOptionError('access.signIn.publicUrl', 'must be an origin, without a path; callbackPath may have one.');
  }
  return origin;
}
