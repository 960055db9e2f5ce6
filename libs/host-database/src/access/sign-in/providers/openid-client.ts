import { OpenIdClientMissingError } from '../sign-in.errors.js';

/** The optional package that speaks OAuth and OpenID Connect. */
export type OpenIdClient = typeof import('openid-client');

/** For how long a provider is waited for. */
export const PROVIDER_TIMEOUT_SECONDS = 10;

/** Imports the package on demand. @throws OpenIdClientMissingError */
export async function loadOpenIdClient(load: () => Promise<OpenIdClient> = () => import('openid-client')): Promise<OpenIdClient> {
  try {
    return await load();
  } catch (cause) {
    throw new OpenIdClientMissingError({ cause });
  }
}
