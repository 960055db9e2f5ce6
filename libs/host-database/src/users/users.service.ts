import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/index.js';
import { assertId, assertText, Clock, normalizeEmail } from '../common/index.js';
import { UnitOfWork, violatesUnique } from '../database/index.js';
import { EMAIL_UNIQUE, GlobalUser } from './global-user.entity.js';
import { lockUser } from './locked-user.js';
import { OwnAccount } from './own-account.js';
import { UserLifecycle } from './user-lifecycle.js';
import { UserTokens } from './tokens/user-tokens.js';
import { identityOfOAuthId } from './identities/identity-key.js';
import { IdentityRecords } from './identities/identity-records.js';
import { UserEvents, UserRegistered } from './users.events.js';
import { IdentityTakenError } from './identities/identities.errors.js';
import { DuplicateEmailError, DuplicateOAuthIdentityError, UserDeactivatedError, UserNotFoundError } from './users.errors.js';

const OAUTH_ID_UNIQUE = { name: 'core_users_oauth_id_unique', table: 'core_users', columns: ['oauth_id'] };

/** A person to be. */
export interface NewUser {
  readonly email: string;
  /** `<provider>:<subject>` of the identity that signs in. */
  readonly oauthId?: string;
  /** The hash, never the password: made by the application with a slow function such as argon2id. */
  readonly passwordHash?: string;
  /** Since when the address is known to be theirs, if it is. */
  readonly emailVerifiedAt?: Date;
}

/** An identity that an OAuth provider has verified. */
export interface OAuthIdentity {
  /** `<provider>:<subject>`, unique over all providers. */
  readonly oauthId: string;
  readonly email: string;
}

/** The people of the host. */
@Injectable()
export class UsersService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly events: UserEvents,
    private readonly lifecycle: UserLifecycle,
    private readonly tokens: UserTokens,
    private readonly audit: AuditService,
    private readonly identities: IdentityRecords,
    private readonly ownAccount: OwnAccount,
  ) {}

  /**
   * Registers a person.
   *
   * @throws InvalidInputError, DuplicateEmailError, DuplicateOAuthIdentityError
   */
  async create({ email, oauthId, passwordHash, emailVerifiedAt }: NewUser): Promise<GlobalUser> {
    const address = normalizeEmail(email);
    return this.unitOfWork.transactional(async (em) => {
      const user = em.create(GlobalUser, {
        email: address,
        oauthId: oauthId === undefined ? null : assertText(oauthId, 'oauthId'),
        passwordHash: passwordHash === undefined ? null : assertText(passwordHash, 'passwordHash'),
        ...(emailVerifiedAt && { emailVerifiedAt }),
        createdAt: this.clock.now(),
      });
      try {
        await em.flush();
      } catch (cause) {
        if (violatesUnique(cause, EMAIL_UNIQUE)) throw new DuplicateEmailError(address, { cause });
        if (violatesUnique(cause, OAUTH_ID_UNIQUE)) throw new DuplicateOAuthIdentityError(oauthId ?? '', { cause });
        throw cause;
      }
      await this.events.emitRegistered(new UserRegistered(user));
      return user;
    });
  }

  /**
   * Returns the person of this identity, registered if they are new, with the login recorded. Of simultaneous first sign-ins one
   * registers and all return the same person. A user who has the email, but not the identity, is never taken over.
   *
   * What is before the first colon is the provider, what is behind it the subject of one of the person's identities (`UserIdentities`).
   *
   * @throws InvalidInputError, DuplicateEmailError
   * @throws UserDeactivatedError when the person may not sign in any more
   */
  async findOrCreateByOAuth(identity: OAuthIdentity): Promise<GlobalUser> {
    const oauthId = assertText(identity.oauthId, 'oauthId');
    return this.unitOfWork.transactional(async () => {
      const user = (await this.findByIdentity(oauthId)) ?? (await this.createOrFindByOAuth({ ...identity, oauthId }));
      if (user.deactivatedAt != null) throw new UserDeactivatedError(user.id);
      user.lastLogin = this.clock.now();
      return user;
    });
  }

  /**
   * Records that the person has signed in now.
   *
   * @throws UserNotFoundError
   */
  async recordLogin(userId: string): Promise<GlobalUser> {
    return this.unitOfWork.transactional(async () => {
      const user = await this.getById(userId);
      user.lastLogin = this.clock.now();
      return user;
    });
  }

  /**
   * Keeps a person from signing in; what they have stays. Rooms that hear of it can refuse: the only owner of a tenant is not deactivated.
   * In the caller's transaction if there is one. Does nothing where they are deactivated already.
   *
   * @throws UserNotFoundError, LastOwnerError, ImpersonatedOwnerChangeError
   */
  async deactivate(userId: string): Promise<GlobalUser> {
    return this.lifecycle.deactivate(userId);
  }

  /** Lets a deactivated person sign in again, into what they still have. @throws UserNotFoundError */
  async reactivate(userId: string): Promise<GlobalUser> {
    return this.lifecycle.reactivate(userId);
  }

  /**
   * Removes a person with all that is theirs: memberships, identities, sessions, tokens. Rooms that hear of it can refuse: the only owner of
   * a tenant is not removed. In the caller's transaction if there is one. The audit log keeps what they have done; `AuditErasure` makes what
   * it says of them unreadable.
   *
   * @throws UserNotFoundError, LastOwnerError, ImpersonatedOwnerChangeError
   */
  async delete(userId: string): Promise<void> {
    return this.lifecycle.delete(userId);
  }

  /**
   * Has a person sent a token (`verify-email`) to another address of theirs, in the caller's transaction. They have it once the token was
   * given to `EmailVerification.confirm()`, and not before; the one that they asked for last counts.
   *
   * @throws UserNotFoundError, InvalidInputError, MailerMissingError, ImpersonatedAccountChangeError
   * @throws DuplicateEmailError when somebody else has the address now
   */
  async changeEmail(userId: string, email: string): Promise<void> {
    const address = normalizeEmail(email);
    await this.ownAccount.require(assertId(userId, 'user'), 'change-email');
    await this.unitOfWork.transactional(async (em) => {
      const user = await lockUser(em, { id: userId });
      if (!user) throw new UserNotFoundError(userId);
      if (user.email === address) return;
      if (await this.findByEmail(address)) throw new DuplicateEmailError(address);
      await this.tokens.send({ user, purpose: 'change-email', email: address });
      const details = { email: address };
      await this.audit.record({ eventType: 'users.email-change-requested', tenantId: null, targetId: user.id, details });
    });
  }

  async findById(userId: string): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, { id: assertId(userId, 'user') });
  }

  /** @throws UserNotFoundError */
  async getById(userId: string): Promise<GlobalUser> {
    const user = await this.findById(userId);
    if (!user) throw new UserNotFoundError(userId);
    return user;
  }

  /** Finds a person by email, whatever its case. */
  async findByEmail(email: string): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, { email: normalizeEmail(email) });
  }

  async findByOAuthId(oauthId: string): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, { oauthId: assertText(oauthId, 'oauthId') });
  }

  /** Finds a person by email with their password hash, which no other look-up loads. For the code that checks a password. */
  async findByEmailWithPasswordHash(email: string): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, { email: normalizeEmail(email) }, { populate: ['passwordHash'] });
  }

  /** By the row of the identity, or by `oauth_id`, for a person who is older than there are rows. */
  private async findByIdentity(oauthId: string): Promise<GlobalUser | null> {
    const identity = identityOfOAuthId(oauthId);
    const row = identity && (await this.identities.find(identity));
    return row ? row.user.getEntity() : this.findByOAuthId(oauthId);
  }

  private async createOrFindByOAuth(identity: OAuthIdentity): Promise<GlobalUser> {
    try {
      // A savepoint of its own, so that losing the race leaves the caller's transaction usable.
      return await this.unitOfWork.em.transactional(async () => {
        const user = await this.create(identity);
        const key = identityOfOAuthId(identity.oauthId);
        if (key) await this.identities.add(user, { ...key, email: user.email });
        return user;
      });
    } catch (error) {
      // The loser of a race may be told of either constraint; only a user with this very identity is the same person.
      const winner = isDuplicate(error) ? await this.findByIdentity(identity.oauthId) : null;
      if (!winner) throw error;
      return winner;
    }
  }
}

function isDuplicate(error: unknown): boolean {
  const classes = [DuplicateOAuthIdentityError, DuplicateEmailError, IdentityTakenError];
  return classes.some((Duplicate) => error instanceof Duplicate);
}
