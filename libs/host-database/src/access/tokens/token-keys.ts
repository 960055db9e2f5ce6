import type { JWTVerifyGetKey } from 'jose';
import { isTrustworthyUrl, type TrustedIssuer } from './access-tokens.options.js';
import { TokenIssuerUnreachableError } from './access-tokens.errors.js';
import type { Jose } from './jose.js';

const DISCOVERY_PATH = '/.well-known/openid-configuration';
const TIMEOUT_MS = 5_000;

/**
 * The keys of one issuer: found by discovery, read when they are needed, and read again where a token has one that is not known, but not
 * again and again.
 */
export class TokenKeys {
  private source: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly jose: Jose,
    private readonly options: Pick<TrustedIssuer, 'issuer' | 'jwksUri' | 'keysCooldownSeconds'>,
  ) {}

  /** Looks up the key of a token's header. */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    const source = await this.open();
    try {
      return await source(header, token);
    } catch (error) {
      throw this.isOfToken(error) ? error : this.unreachable(error);
    }
  };

  /** What fails is tried again with the next token; requests at the same time wait for one answer. */
  private open(): Promise<JWTVerifyGetKey> {
    this.source ??= this.discover().catch((error: unknown) => {
      this.source = undefined;
      throw error;
    });
    return this.source;
  }

  private async discover(): Promise<JWTVerifyGetKey> {
    const uri = this.options.jwksUri ?? (await this.readJwksUri());
    return this.jose.createRemoteJWKSet(new URL(uri), {
      cooldownDuration: this.options.keysCooldownSeconds * 1000,
      timeoutDuration: TIMEOUT_MS,
    });
  }

  private async readJwksUri(): Promise<string> {
    const { issuer } = this.options;
    const document = await this.fetchDocument(`${issuer.replace(/\/$/, '')}${DISCOVERY_PATH}`);
    // OpenID Connect Discovery 1.0 section 4.3: or somebody else's document would do.
    if (document.issuer !== issuer) throw this.unreachable(undefined, 'its configuration names another issuer.');
    const { jwks_uri: uri } = document;
    if (typeof uri === 'string' && isTrustworthyUrl(uri)) return uri;
    throw this.unreachable(undefined, 'its configuration has no https jwks_uri.');
  }

  private async fetchDocument(address: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw this.unreachable(undefined, `its configuration was answered with ${response.status}.`);
      return ((await response.json()) ?? {}) as Readonly<Record<string, unknown>>;
    } catch (error) {
      throw error instanceof TokenIssuerUnreachableError ? error : this.unreachable(error);
    }
  }

  /** Whether it is the token that is wrong, and not the way to the keys. */
  private isOfToken(error: unknown): boolean {
    const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = this.jose.errors;
    return [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported].some((type) => error instanceof type);
  }

  private unreachable(cause: unknown, problem = 'there was no answer that could be used.'): TokenIssuerUnreachableError {
    return new TokenIssuerUnreachableError(this.options.issuer, problem, { cause });
  }
}
