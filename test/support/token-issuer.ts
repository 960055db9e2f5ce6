import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** How one token differs from a good one. */
export interface TokenChanges {
  readonly claims?: JWTPayload;
  /** Claims that it lacks. */
  readonly without?: readonly string[];
  readonly header?: { readonly kid?: string; readonly typ?: string };
  readonly key?: IssuerKey;
}

/** An issuer of access tokens with its keys and its discovery, on a port of this machine. */
export class TokenIssuer {
  /** How often its configuration and its keys were read. */
  readonly reads = { configuration: 0, keys: 0 };
  /** What its configuration says, other than it should. */
  configuration: Readonly<Record<string, unknown>> = {};
  published: readonly JWK[] = [];
  isDown = false;
  key!: IssuerKey;

  private constructor(
    private readonly server: Server,
    /** The time, in seconds. */
    private readonly now: () => number,
  ) {}

  static async start(now: () => Date): Promise<TokenIssuer> {
    const server = createServer();
    const sut = new TokenIssuer(server, () => Math.floor(now().getTime() / 1000));
    server.on('request', ({ url }, response) => {
      const answer = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      if (sut.isDown) return response.writeHead(503).end();
      if (url === '/.well-known/openid-configuration') {
        sut.reads.configuration++;
        return answer({ issuer: sut.url, jwks_uri: `${sut.url}/keys`, ...sut.configuration });
      }
      if (url !== '/keys') return response.writeHead(404).end();
      sut.reads.keys++;
      return answer({ keys: sut.published });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    await sut.rotate();
    return sut;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async newKey(alg = 'RS256'): Promise<IssuerKey> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = crypto.randomUUID();
    return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
  }

  /** Publishes a new key instead of the one before, and signs with it. */
  async rotate(alg?: string): Promise<void> {
    this.key = await this.newKey(alg);
    this.published = [this.key.jwk];
  }

  /** Its key as anybody can read it. */
  async publicPem(): Promise<string> {
    return exportSPKI(this.key.publicKey);
  }

  claims({ claims = {}, without = [] }: TokenChanges = {}): JWTPayload {
    const all = { iss: this.url, aud: 'app', sub: 'ada', iat: this.now(), exp: this.now() + 300, ...claims };
    return Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
  }

  /** A token that is good but for these changes. */
  async token(changes: TokenChanges = {}): Promise<string> {
    const key = changes.key ?? this.key;
    return new SignJWT(this.claims(changes))
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...changes.header })
      .sign(key.privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => void this.server.close(resolve));
  }
}
