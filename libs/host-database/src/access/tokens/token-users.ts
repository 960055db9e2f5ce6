import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser, IdentityLinkRequiredError, UserDeactivatedError, UserIdentities, UserIdentity } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { AccessTokenRefusedError } from './access-tokens.errors.js';
import type { TrustedIssuer } from './access-tokens.options.js';
import type { VerifiedToken } from './verified-token.js';

/** Finds whom a token names, apart from the request's own unit of work. */
@Injectable()
export class TokenUsers {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly identities: UserIdentities,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {}

  /**
   * Returns the id of the person with the identity, registered if they are new and the issuer's option says so.
   *
   * @throws AccessTokenRefusedError
   */
  async idFor(token: VerifiedToken, { issuer, provisionUsers }: TrustedIssuer): Promise<string> {
    const known = await this.find(issuer, token.sub);
    if (known?.deactivatedAt != null) throw new AccessTokenRefusedError('user-deactivated');
    if (known) return known.id;
    if (!provisionUsers) throw new AccessTokenRefusedError('unknown-user');
    return this.provision(issuer, token);
  }

  private async find(issuer: string, subject: string): Promise<GlobalUser | undefined> {
    return this.unitOfWork.run(async (em) => {
      const identity = await em.findOne(UserIdentity, { provider: issuer, subject }, { populate: ['user'] });
      if (identity) return identity.user.$;
      const oauthId = this.oauthIdOf(issuer, subject);
      return (oauthId !== undefined && (await em.findOne(GlobalUser, { oauthId }))) || undefined;
    });
  }

  /** `<issuer>:<subject>`, unless another issuer could mean somebody else by the same text. */
  private oauthIdOf(issuer: string, subject: string): string | undefined {
    const oauthId = `${issuer}:${subject}`;
    const isOfOther = this.options.tokens.some((other) => other.issuer !== issuer && oauthId.startsWith(`${other.issuer}:`));
    return subject.includes(':') || isOfOther ? undefined : oauthId;
  }

  private async provision(provider: string, { sub, email, email_verified: isVerified }: VerifiedToken): Promise<string> {
    // Anybody can say that they have an address; it is registered for who has shown it.
    if (typeof email !== 'string' || isVerified !== true) throw new AccessTokenRefusedError('email');
    try {
      const identity = { provider, subject: sub, email, emailVerified: true };
      return await this.unitOfWork.run(async () => (await this.identities.signIn(identity)).user.id);
    } catch (cause) {
      if (cause instanceof IdentityLinkRequiredError) throw new AccessTokenRefusedError('email-taken', { cause });
      if (cause instanceof UserDeactivatedError) throw new AccessTokenRefusedError('user-deactivated', { cause });
      throw cause;
    }
  }
}
