import type { Configuration } from 'openid-client';
import type { VerifiedIdentity } from '../../../users/index.js';
import { SignInResponseInvalidError } from '../sign-in.errors.js';
import { type SignInAttempt, SignInProvider, type SignInReturn } from '../sign-in-provider.js';
import { loadOpenIdClient, type OpenIdClient, PROVIDER_TIMEOUT_SECONDS } from './openid-client.js';
import type { ProviderFetch } from './provider-fetch.js';
import { providerFailure } from './provider-failure.js';
import { assertSecureUrl } from './secure-url.js';

/** What an identity token, or the user info endpoint, says of a person. */
export type IdentityClaims = Readonly<Record<string, unknown>>;

/** An issuer of OpenID Connect, and who we are there. */
export interface OidcOptions {
  /** Its URL, behind which `/.well-known/openid-configuration` is. */
  readonly issuer: string;
  readonly clientId: string;
  /** Without one the client is public: PKCE alone protects the code. */
  readonly clientSecret?: string;
  /** @default ['openid', 'email'] */
  readonly scopes?: readonly string[];
  /** Added to the address at which people sign in: `{ prompt: 'select_account' }`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /**
   * Whether the issuer has made sure that the address is the person's. Accounts are linked by it: say yes only for an issuer that lets
   * nobody enter the address of somebody else.
   *
   * @default the claim `email_verified`
   */
  readonly emailVerified?: (claims: IdentityClaims) => boolean;
  readonly fetch?: ProviderFetch;
}

/** After how long the issuer is asked anew where its endpoints are. Its keys are asked for when one is not known. */
const DISCOVERY_TTL_MS = 3_600_000;

/**
 * Signs in at an issuer of OpenID Connect: authorization code flow with PKCE, `state`, `nonce` and the `iss` parameter (RFC 9207); the
 * token's signature, issuer, audience, time and nonce are checked.
 */
export class OidcSignInProvider extends SignInProvider {
  // Out of sight of whoever logs the options of the module: it has the client's secret.
  readonly #options: OidcOptions;
  private readonly issuer: URL;
  private discovered: { readonly configuration: Promise<Configuration>; readonly until: number } | undefined;

  /** @throws InvalidOptionError */
  constructor(options: OidcOptions) {
    super();
    this.#options = options;
    this.issuer = assertSecureUrl('access.signIn.providers.issuer', options.issuer);
  }

  async begin({ redirectUri, state, nonce, codeVerifier, now }: SignInAttempt): Promise<URL> {
    return this.asking(now, async (client, configuration) =>
      client.buildAuthorizationUrl(configuration, {
        ...this.#options.authorizationParameters,
        scope: this.scopes.join(' '),
        redirect_uri: redirectUri,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }),
    );
  }

  async finish({ callbackUrl, state, nonce, codeVerifier, now }: SignInReturn): Promise<VerifiedIdentity> {
    return this.asking(now, async (client, configuration) => {
      const tokens = await client.authorizationCodeGrant(configuration, callbackUrl, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const idToken = tokens.claims();
      // Never without one: it is what was asked for.
      if (!idToken) throw new SignInResponseInvalidError(this.#options.issuer, 'no-identity-token');
      const claims = await this.withEmail(client, configuration, { ...idToken }, tokens.access_token);
      // As the token says, not as configured: one configuration of Microsoft's has an issuer for each of its tenants.
      return { provider: idToken.iss, subject: idToken.sub, ...this.emailOf(claims) };
    });
  }

  private get scopes(): readonly string[] {
    return this.#options.scopes ?? ['openid', 'email'];
  }

  /** Many issuers tell the address at the user info endpoint alone; it has to be about the same subject. */
  private async withEmail(
    client: OpenIdClient,
    configuration: Configuration,
    claims: IdentityClaims & { readonly sub: string },
    accessToken: string,
  ): Promise<IdentityClaims> {
    const canTell = configuration.serverMetadata().userinfo_endpoint !== undefined && this.scopes.includes('email');
    if (claims['email'] !== undefined || !canTell) return claims;
    return { ...(await client.fetchUserInfo(configuration, accessToken, claims.sub)), ...claims };
  }

  private emailOf(claims: IdentityClaims): Pick<VerifiedIdentity, 'email' | 'emailVerified'> {
    const { email, email_verified: verified } = claims;
    if (typeof email !== 'string' || email === '') return {};
    // Some issuers write it as a text.
    const emailVerified = this.#options.emailVerified?.(claims) ?? (verified === true || verified === 'true');
    return { email, emailVerified };
  }

  private async asking<T>(now: Date, ask: (client: OpenIdClient, configuration: Configuration) => Promise<T>): Promise<T> {
    const client = await loadOpenIdClient();
    try {
      return await ask(client, await this.configuration(client, now));
    } catch (error) {
      throw providerFailure(client, this.#options.issuer, error);
    }
  }

  /** Asked once for all who sign in at the same time, and again after a failure. */
  private configuration(client: OpenIdClient, now: Date): Promise<Configuration> {
    if (this.discovered && now.getTime() < this.discovered.until) return this.discovered.configuration;
    const configuration = this.discover(client);
    const entry = { configuration, until: now.getTime() + DISCOVERY_TTL_MS };
    this.discovered = entry;
    configuration.catch(() => {
      if (this.discovered === entry) this.discovered = undefined;
    });
    return configuration;
  }

  private discover(client: OpenIdClient): Promise<Configuration> {
    const { clientId, clientSecret, fetch } = this.#options;
    const authentication = clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret);
    return client.discovery(this.issuer, clientId, undefined, authentication, {
      timeout: PROVIDER_TIMEOUT_SECONDS,
      ...(fetch && { [client.customFetch]: fetch }),
      // The token comes over TLS from the issuer itself. That its signature is checked too costs one request an issuer, and holds where
      // a proxy ends the TLS.
      execute: [client.enableNonRepudiationChecks, ...(this.issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [])],
    });
  }
}
