import type { Configuration } from 'openid-client';
import type { VerifiedIdentity } from '../../../users/index.js';
import { SignInProviderUnreachableError, SignInResponseInvalidError } from '../sign-in.errors.js';
import { type SignInAttempt, SignInProvider, type SignInReturn } from '../sign-in-provider.js';
import { loadOpenIdClient, type OpenIdClient, PROVIDER_TIMEOUT_SECONDS } from './openid-client.js';
import type { ProviderClientOptions } from './oidc.js';
import { providerFailure } from './provider-failure.js';
import { assertSecureUrl } from './secure-url.js';

/** An OAuth app at GitHub, or at an Enterprise Server. */
export interface GithubOptions extends ProviderClientOptions {
  /** @default 'https://github.com' */
  readonly baseUrl?: string;
  /** @default 'https://api.github.com', or `/api/v3` of another `baseUrl` */
  readonly apiUrl?: string;
}

const GITHUB = 'https://github.com';
const OK = 200;
const SERVER_ERROR = 500;

/**
 * GitHub, whose OAuth has no identity tokens: its API says who came. Of a person's addresses the primary one is taken, and counts as
 * verified where GitHub says so.
 *
 * @throws InvalidOptionError when an address is not HTTPS
 */
export function github(options: GithubOptions): SignInProvider {
  return new GithubSignInProvider(options);
}

class GithubSignInProvider extends SignInProvider {
  // Out of sight of whoever logs the options of the module: it has the client's secret.
  readonly #options: GithubOptions;
  private readonly provider: string;
  private readonly api: string;
  private readonly isInsecure: boolean;

  constructor(options: GithubOptions) {
    super();
    this.#options = options;
    const base = assertSecureUrl('access.signIn.providers.baseUrl', options.baseUrl ?? GITHUB);
    this.provider = withoutSlash(base);
    const ownApi = this.provider === GITHUB ? 'https://api.github.com' : `${this.provider}/api/v3`;
    const api = assertSecureUrl('access.signIn.providers.apiUrl', options.apiUrl ?? ownApi);
    this.api = withoutSlash(api);
    this.isInsecure = base.protocol === 'http:' || api.protocol === 'http:';
  }

  async begin({ redirectUri, state, codeVerifier }: SignInAttempt): Promise<URL> {
    return this.asking(async (client, configuration) =>
      client.buildAuthorizationUrl(configuration, {
        ...this.#options.authorizationParameters,
        scope: 'read:user user:email',
        redirect_uri: redirectUri,
        state,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }),
    );
  }

  async finish({ callbackUrl, state, codeVerifier }: SignInReturn): Promise<VerifiedIdentity> {
    return this.asking(async (client, configuration) => {
      const { access_token: token } = await client.authorizationCodeGrant(configuration, callbackUrl, {
        expectedState: state,
        pkceCodeVerifier: codeVerifier,
      });
      const get = (path: string) => this.get(client, configuration, { path, token });
      const [user, emails] = [await get('/user'), await get('/user/emails')];
      const id = isObject(user) ? user['id'] : undefined;
      // A login can be changed, and then be taken by somebody else.
      if (!Number.isSafeInteger(id)) throw new SignInResponseInvalidError(this.provider, 'user-id');
      const primary = Array.isArray(emails) ? emails.find((entry) => isObject(entry) && entry['primary'] === true) : undefined;
      const { email, verified } = isObject(primary) ? primary : {};
      return {
        provider: this.provider,
        subject: String(id),
        ...(typeof email === 'string' && { email, emailVerified: verified === true }),
      };
    });
  }

  private async asking<T>(ask: (client: OpenIdClient, configuration: Configuration) => Promise<T>): Promise<T> {
    const client = await loadOpenIdClient();
    try {
      return await ask(client, this.configuration(client));
    } catch (error) {
      throw providerFailure(client, this.provider, error);
    }
  }

  private configuration(client: OpenIdClient): Configuration {
    const { clientId, clientSecret, fetch } = this.#options;
    // GitHub names its issuer so; it comes back as `iss` where it comes back.
    const issuer = `${this.provider}/login/oauth`;
    const configuration = new client.Configuration(
      { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/access_token` },
      clientId,
      undefined,
      client.ClientSecretPost(clientSecret),
    );
    configuration.timeout = PROVIDER_TIMEOUT_SECONDS;
    if (fetch) configuration[client.customFetch] = fetch;
    if (this.isInsecure) client.allowInsecureRequests(configuration);
    return configuration;
  }

  private async get(
    client: OpenIdClient,
    configuration: Configuration,
    { path, token }: { readonly path: string; readonly token: string },
  ): Promise<unknown> {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' });
    const url = new URL(`${this.api}${path}`);
    const response = await client.fetchProtectedResource(configuration, token, url, 'GET', undefined, headers);
    if (response.status !== OK) {
      const Failure = response.status >= SERVER_ERROR ? SignInProviderUnreachableError : SignInResponseInvalidError;
      throw new Failure(this.provider, `status-${response.status}`);
    }
    try {
      return await response.json();
    } catch {
      throw new SignInProviderUnreachableError(this.provider, 'not-json');
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '');
}
