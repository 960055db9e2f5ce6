import type { SignInProvider } from '../sign-in-provider.js';
import { type IdentityClaims, type OidcOptions, OidcSignInProvider } from './oidc.provider.js';
import type { ProviderFetch } from './provider-fetch.js';

/** Who we are at a well-known provider. */
export interface ProviderClientOptions extends Pick<OidcOptions, 'authorizationParameters'> {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch?: ProviderFetch;
}

/** Any issuer of OpenID Connect. @throws InvalidOptionError when its address is not HTTPS */
export function oidc(options: OidcOptions): SignInProvider {
  return new OidcSignInProvider(options);
}

/**
 * Google. An address counts as verified where Google itself gives it out: one of Gmail's, or of a Workspace's domain. That of another
 * mail service was verified once, and may be somebody else's by now.
 *
 * @see https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
 */
export function google(options: ProviderClientOptions): SignInProvider {
  return oidc({ ...options, issuer: 'https://accounts.google.com', emailVerified: isGivenOutByGoogle });
}

/** A client at Microsoft. */
export interface MicrosoftOptions extends ProviderClientOptions {
  /** Whose accounts: `common`, `organizations`, `consumers`, or the id of one directory. @default 'common' */
  readonly tenant?: string;
}

/**
 * Microsoft (Entra ID). Administrators of a directory can enter any address for its people, so that none counts as verified, unless the
 * optional claim `xms_edov` says that the directory owns its domain.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/migrate-off-email-claim-authorization
 */
export function microsoft({ tenant = 'common', ...options }: MicrosoftOptions): SignInProvider {
  const issuer = `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/v2.0`;
  return oidc({ ...options, issuer, emailVerified: isDomainOwned });
}

function isGivenOutByGoogle({ email, email_verified: verified, hd }: IdentityClaims): boolean {
  const isGmail = typeof email === 'string' && email.toLowerCase().endsWith('@gmail.com');
  return verified === true && (isGmail || (typeof hd === 'string' && hd !== ''));
}

function isDomainOwned({ xms_edov: owned }: IdentityClaims): boolean {
  return owned === true || owned === 1 || owned === '1' || owned === 'true';
}
