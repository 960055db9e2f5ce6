import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, isId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { type AuthenticationRequest, Authenticator, type Principal } from '../authentication/authenticator.js';
import { CredentialCache } from '../sessions/credential-cache.js';
import { RefusalRecords } from '../sessions/refusal-records.js';
import { bearerOf } from '../sessions/session-credential.js';
import { hashOfSecret } from '../sessions/session-secret.js';
import { AccessTokenRefusedError } from './access-tokens.errors.js';
import type { TrustedIssuer } from './access-tokens.options.js';
import { importJose, type Jose } from './jose.js';
import { TokenUsers } from './token-users.js';
import { TokenVerifier } from './token-verifier.js';
import type { VerifiedToken } from './verified-token.js';

interface Trusted {
  readonly issuer: TrustedIssuer;
  readonly verifier: TokenVerifier;
}

/**
 * Lets in who carries an access token of a trusted issuer: a JWT as a bearer. By its keys and our clock, and never by what the token
 * says of how it is to be checked. Where the process remembers the token, nothing is checked but its time.
 */
@Injectable()
export class AccessTokenAuthenticator extends Authenticator implements OnModuleInit {
  private jose: Jose | undefined;
  private readonly trusted = new Map<string, Trusted>();

  constructor(
    private readonly users: TokenUsers,
    private readonly cache: CredentialCache,
    private readonly refusals: RefusalRecords,
    private readonly context: ContextService,
    private readonly clock: Clock,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {
    super();
  }

  /** @throws JoseMissingError, which stops the boot where issuers are configured */
  async onModuleInit(): Promise<void> {
    const { tokens } = this.options;
    if (tokens.length === 0) return;
    const jose = await importJose();
    this.jose = jose;
    for (const issuer of tokens) {
      this.trusted.set(issuer.issuer, { issuer, verifier: new TokenVerifier(jose, this.clock, issuer) });
    }
  }

  /**
   * A refusal is recorded as `access.token-refused`, once a minute for each problem and address.
   *
   * @throws AccessTokenRefusedError
   * @throws TokenIssuerUnreachableError where the issuer's keys cannot be read
   */
  override async authenticate({ headers }: AuthenticationRequest): Promise<Principal | undefined> {
    const token = bearerOf(headers);
    if (!this.jose || token?.split('.').length !== 3) return undefined;
    const issuer = issuerOf(this.jose, token);
    try {
      return await this.principalOf(token, issuer);
    } catch (error) {
      if (error instanceof AccessTokenRefusedError) await this.recordRefusal(error, issuer);
      throw error;
    }
  }

  private async principalOf(token: string, issuer: string | undefined): Promise<Principal> {
    const key = `token:${hashOfSecret(token)}`;
    const remembered = this.cache.get(key) as Principal | undefined;
    if (remembered) return remembered;
    if (issuer === undefined) throw new AccessTokenRefusedError('malformed');
    const trusted = this.trusted.get(issuer);
    if (!trusted) throw new AccessTokenRefusedError('issuer');
    return this.cache.load(key, async () => {
      const value = await this.verify(token, trusted);
      return { value, remember: { userIds: [value.userId], expiresAt: value.expiresAt } };
    });
  }

  private async verify(token: string, { issuer, verifier }: Trusted): Promise<Principal & { readonly expiresAt: Date }> {
    const verified = await verifier.verify(token);
    const tenantId = tenantOf(verified, issuer);
    return {
      userId: await this.users.idFor(verified, issuer),
      ...(tenantId !== undefined && { tenantId }),
      expiresAt: new Date((verified.exp + issuer.clockToleranceSeconds) * 1000),
    };
  }

  private async recordRefusal({ problem }: AccessTokenRefusedError, issuer: string | undefined): Promise<void> {
    // What a stranger calls itself is nothing to keep.
    const known = issuer !== undefined && this.trusted.has(issuer) ? { issuer } : {};
    await this.refusals.record(
      { eventType: 'access.token-refused', tenantId: null, details: { problem, ...known } },
      `${problem} ${this.context.current.ipAddress ?? ''}`,
    );
  }
}

/** Who the token says has made it, which decides whose keys it is checked with, and no more. */
function issuerOf(jose: Jose, token: string): string | undefined {
  try {
    const { iss } = jose.decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

function tenantOf(token: VerifiedToken, { tenantClaim }: TrustedIssuer): string | undefined {
  if (tenantClaim === undefined) return undefined;
  const tenantId = token[tenantClaim];
  if (!isId(tenantId)) throw new AccessTokenRefusedError('tenant-claim');
  return tenantId;
}
