import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CLIENT } from './oidc-issuer.js';

/** What GitHub knows of somebody. */
export interface GithubAccount {
  readonly id: unknown;
  readonly login?: string;
  /** What is shown to everybody, verified or not. */
  readonly email?: string;
  readonly emails: unknown;
}

type Parameters = Readonly<Record<string, string>>;

/** The three endpoints of GitHub that signing in takes, where an Enterprise Server has them. */
export class GithubServer {
  readonly baseUrl: string;
  /** Who signs in next. */
  account: GithubAccount = { id: 1, emails: [] };
  /** What the API answers with, instead of what it should. */
  apiStatus = 200;
  private readonly codes = new Map<string, Parameters>();
  private readonly tokens = new Map<string, GithubAccount>();

  private constructor(private readonly server: Server) {
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<GithubServer> {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const started = new GithubServer(server);
    server.on('request', (request, response) => {
      started.answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    return started;
  }

  /** Signs the account in at the address, and returns the address that the browser is sent back to. */
  async visit(address: URL): Promise<URL> {
    const response = await fetch(address, { redirect: 'manual' });
    return new URL(response.headers.get('location') ?? '');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => void this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.baseUrl);
    if (pathname === '/login/oauth/authorize') return this.authorize(Object.fromEntries(searchParams), response);
    if (pathname === '/login/oauth/access_token') {
      const parameters = Object.fromEntries(new URLSearchParams(await text(request)));
      // GitHub tells errors with this status too.
      return send(response, 200, this.exchange(parameters));
    }
    const account = this.tokens.get(request.headers.authorization?.replace(/^Bearer /i, '') ?? '');
    if (!account) return send(response, 401, { message: 'Bad credentials' });
    const { emails, ...user } = account;
    const resources = new Map<string, unknown>([
      ['/api/v3/user', user],
      ['/api/v3/user/emails', emails],
    ]);
    const status = resources.has(pathname) ? this.apiStatus : 404;
    return send(response, status, status === 200 ? resources.get(pathname) : { message: 'no' });
  }

  private authorize(parameters: Parameters, response: ServerResponse): void {
    const back = new URL(parameters['redirect_uri'] ?? '');
    const code = randomUUID();
    this.codes.set(code, parameters);
    back.search = new URLSearchParams({ code, state: parameters['state'] ?? '' }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  private exchange({ client_id: id, client_secret: secret, code = '', code_verifier: verifier = '' }: Parameters): object {
    const begun = this.codes.get(code);
    this.codes.delete(code);
    if (id !== CLIENT.clientId || secret !== CLIENT.clientSecret) return { error: 'incorrect_client_credentials' };
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (begun?.['code_challenge'] !== challenge) return { error: 'bad_verification_code' };
    const token = `gho_${randomUUID()}`;
    this.tokens.set(token, this.account);
    return { access_token: token, token_type: 'bearer', scope: begun['scope'] };
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
