import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import { type Context, Provider } from 'oidc-provider';
import { oidcMemory } from './oidc-memory.js';

/** What the issuer knows of somebody. */
export interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

/** A client of the issuer. */
export const CLIENT = { clientId: 'the-application', clientSecret: 'the-secret-of-the-application' } as const;

const MAX_REDIRECTS = 10;
const SCOPES = 'openid email';

/** A real provider of OpenID Connect in this process, with a login page that asks nobody anything. */
export class OidcIssuer {
  readonly issuer: string;
  private readonly people = new Map<string, Person>();

  private constructor(
    private readonly server: Server,
    /** With what it signs: a test can sign what the issuer never would. */
    readonly key: CryptoKey,
  ) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Starts one that lets people go back to these addresses. */
  static async start(redirectUris: readonly string[]): Promise<OidcIssuer> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    const server = createServer((request, response) => {
      handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const sut = new OidcIssuer(server, privateKey);
    const provider = new Provider(sut.issuer, {
      adapter: oidcMemory(),
      clients: [
        {
          client_id: CLIENT.clientId,
          client_secret: CLIENT.clientSecret,
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: redirectUris,
        },
      ],
      claims: { openid: ['sub'], email: ['email', 'email_verified'] },
      cookies: { keys: ['a key that signs cookies'] },
      features: { devInteractions: { enabled: false } },
      findAccount: (_context: Context, sub: string) => ({ accountId: sub, claims: () => ({ ...sut.people.get(sub), sub }) }),
      interactions: { url: (_context: Context, { uid }: { readonly uid: string }) => `/login/${uid}` },
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'first' }] },
      loadExistingGrant: everythingIsGranted,
      pkce: { required: () => true },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    });
    const callback = provider.callback();
    handle = async (request, response) => {
      const url = new URL(request.url ?? '/', sut.issuer);
      if (!url.pathname.startsWith('/login/')) return callback(request, response);
      const sub = url.searchParams.get('as');
      await provider.interactionDetails(request, response);
      const result = sub === null ? { error: 'access_denied', error_description: 'declined' } : { login: { accountId: sub } };
      return provider.interactionFinished(request, response, result);
    };
    return sut;
  }

  /** Signs somebody in at the address, as a browser does, or declines for them, and returns the address that it is sent back to. */
  async visit(address: string, person: Person | 'declines'): Promise<URL> {
    if (person !== 'declines') this.people.set(person.sub, person);
    const cookies = new Map<string, string>();
    let url = new URL(address);
    for (let redirect = 0; redirect < MAX_REDIRECTS; redirect++) {
      if (url.pathname.startsWith('/login/') && person !== 'declines') url.searchParams.set('as', person.sub);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${url.href} answers ${response.status}: ${await response.text()}`);
      url = new URL(location, url);
      if (url.origin !== this.issuer) return url;
    }
    throw new Error(`Still at ${url.href} after ${MAX_REDIRECTS} redirects.`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => void this.server.close(resolve));
  }
}

async function everythingIsGranted({ oidc }: Context): Promise<object> {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(SCOPES);
  await grant.save();
  return grant;
}
