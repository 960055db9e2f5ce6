import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, Clock, type HostDatabaseError, normalizeEmail } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { GlobalUser } from '../global-user.entity.js';
import { OwnAccount } from '../own-account.js';
import { DuplicateEmailError, UserDeactivatedError, UserNotFoundError } from '../users.errors.js';
import { UsersService } from '../users.service.js';
import {
  IdentityEmailMissingError,
  IdentityLinkRequiredError,
  IdentityNotFoundError,
  IdentityTakenError,
  LastSignInMethodError,
} from './identities.errors.js';
import { assertIdentityKey, oauthIdOfIdentity } from './identity-key.js';
import { IdentityRecords } from './identity-records.js';
import { UserIdentity } from './user-identity.entity.js';
import type { VerifiedIdentity } from './verified-identity.js';

/** Who has signed in. */
export interface SignedInUser {
  readonly user: GlobalUser;
  /** Whether they were registered just now. */
  readonly isNew: boolean;
}

/** How people are known to others who vouch for them: to sign in, to link and to unlink. */
@Injectable()
export class UserIdentities {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly records: IdentityRecords,
    private readonly clock: Clock,
    private readonly audit: AuditService,
    private readonly ownAccount: OwnAccount,
  ) {}

  /**
   * Returns the person of an identity, with the login recorded. Somebody whose identity and address nobody has is registered; of
   * simultaneous first sign-ins one registers and all return the same person. With the address of a person who is registered, the
   * identity becomes theirs only where the provider and we have both verified that address: otherwise whoever enters a stranger's address
   * somewhere would be that stranger.
   *
   * In one transaction, the caller's if there is one. A refusal is recorded as `users.identity-refused` and stays.
   *
   * @throws InvalidInputError
   * @throws UserDeactivatedError when the person may not sign in any more
   * @throws IdentityLinkRequiredError when the address is somebody's, and not verified on both sides
   * @throws IdentityEmailMissingError when a new person has no address
   */
  async signIn(identity: VerifiedIdentity): Promise<SignedInUser> {
    const given = assertIdentity(identity);
    return this.refusing(given, () => this.unitOfWork.transactional(() => this.enter(given)));
  }

  /**
   * Adds an identity to a person who is signed in; once they have it, it is only brought up to date. Recorded as `users.identity-linked`.
   *
   * @throws InvalidInputError, UserNotFoundError, UserDeactivatedError, ImpersonatedAccountChangeError
   * @throws IdentityTakenError when it is another person's
   */
  async link(userId: string, identity: VerifiedIdentity): Promise<UserIdentity> {
    const given = assertIdentity(identity);
    await this.ownAccount.require(assertId(userId, 'user'), 'link-identity');
    return this.refusing(given, () =>
      this.unitOfWork.transactional(async () => {
        const user = await this.lockActive(userId);
        const known = await this.records.find(given);
        if (known && known.user.id !== userId) throw new IdentityTakenError(given.provider);
        const linked = known ?? (await this.records.add(user, given));
        linked.email = given.email ?? linked.email;
        return linked;
      }),
    );
  }

  /**
   * Takes an identity from a person. Recorded as `users.identity-unlinked`.
   *
   * @throws InvalidIdError, UserNotFoundError, IdentityNotFoundError, ImpersonatedAccountChangeError
   * @throws LastSignInMethodError when they have no password and no other identity: of two that are unlinked at once, one stays
   */
  async unlink(userId: string, identityId: string): Promise<void> {
    assertId(identityId, 'identity');
    await this.ownAccount.require(assertId(userId, 'user'), 'unlink-identity');
    await this.unitOfWork.transactional(async (em) => {
      const user = await this.records.lockUser({ id: userId });
      if (!user) throw new UserNotFoundError(userId);
      const identities = await em.find(UserIdentity, { user: userId }, { refresh: true });
      const identity = identities.find(({ id }) => id === identityId);
      if (!identity) throw new IdentityNotFoundError(identityId, userId);
      await em.populate(user, ['passwordHash']);
      const namedByOAuthId = user.oauthId != null && user.oauthId === oauthIdOfIdentity(identity);
      const hasOther = identities.length > 1 || user.passwordHash != null || (user.oauthId != null && !namedByOAuthId);
      if (!hasOther) throw new LastSignInMethodError(userId);
      if (namedByOAuthId) user.oauthId = null;
      em.remove(identity);
      await em.flush();
    });
  }

  /** Returns the identities of a person, the oldest first. @throws InvalidIdError */
  async list(userId: string): Promise<UserIdentity[]> {
    return this.unitOfWork.em.find(UserIdentity, { user: assertId(userId, 'user') }, { orderBy: { id: 'asc' } });
  }

  private async enter(identity: VerifiedIdentity): Promise<SignedInUser> {
    const known = await this.enterKnown(identity);
    if (known) return { user: known, isNew: false };
    if (identity.email === undefined) throw new IdentityEmailMissingError(identity.provider);
    if (!(await this.users.findByEmail(identity.email))) {
      try {
        // A savepoint of its own, so that losing the race leaves the transaction usable.
        return { user: await this.unitOfWork.em.transactional(() => this.register(identity)), isNew: true };
      } catch (error) {
        if (!(error instanceof DuplicateEmailError || error instanceof IdentityTakenError)) throw error;
        const winner = await this.enterKnown(identity);
        if (winner) return { user: winner, isNew: false };
        if (!(error instanceof DuplicateEmailError)) throw error;
      }
    }
    return { user: await this.enterByEmail(identity), isNew: false };
  }

  private async enterKnown(identity: VerifiedIdentity): Promise<GlobalUser | undefined> {
    const known = await this.records.find(identity);
    if (!known) return undefined;
    const user = known.user.getEntity();
    if (user.deactivatedAt != null) throw new UserDeactivatedError(user.id);
    known.email = identity.email ?? known.email;
    this.recordLogin(user, known);
    return user;
  }

  private async register(identity: VerifiedIdentity): Promise<GlobalUser> {
    const user = await this.users.create({
      email: identity.email ?? '',
      ...(identity.emailVerified === true && { emailVerifiedAt: this.clock.now() }),
    });
    this.recordLogin(user, await this.records.add(user, identity));
    return user;
  }

  private async enterByEmail(identity: VerifiedIdentity): Promise<GlobalUser> {
    const user = await this.records.lockUser({ email: identity.email ?? '' });
    // Gone, or another address, since it was looked up: nobody is registered in its place, the next attempt will be.
    if (!user) throw new DuplicateEmailError(identity.email ?? '');
    // Whoever was before us at the lock may have linked it.
    const linked = await this.enterKnown(identity);
    if (linked) return linked;
    if (identity.emailVerified !== true || user.emailVerifiedAt == null) {
      throw new IdentityLinkRequiredError(identity.provider, user.id);
    }
    if (user.deactivatedAt != null) throw new UserDeactivatedError(user.id);
    this.recordLogin(user, await this.records.add(user, identity));
    return user;
  }

  private recordLogin(user: GlobalUser, identity: UserIdentity): void {
    const now = this.clock.now();
    user.lastLogin = now;
    identity.lastUsedAt = now;
  }

  private async lockActive(userId: string): Promise<GlobalUser> {
    const user = await this.records.lockUser({ id: userId });
    if (!user) throw new UserNotFoundError(userId);
    if (user.deactivatedAt != null) throw new UserDeactivatedError(userId);
    return user;
  }

  /** Records what `work` refuses, outside of the transaction that it has rolled back. */
  private async refusing<T>({ provider }: VerifiedIdentity, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isRefusal(error)) {
        await this.audit.recordDetached({
          eventType: 'users.identity-refused',
          ...('userId' in error && { targetId: error.userId }),
          tenantId: null,
          outcome: 'denied',
          details: { provider, reason: error.code },
        });
      }
      throw error;
    }
  }
}

const REFUSALS = [IdentityEmailMissingError, IdentityLinkRequiredError, IdentityTakenError, UserDeactivatedError] as const;

function isRefusal(error: unknown): error is HostDatabaseError & InstanceType<(typeof REFUSALS)[number]> {
  return REFUSALS.some((Refusal) => error instanceof Refusal);
}

/** @throws InvalidInputError */
function assertIdentity({ email, emailVerified, ...key }: VerifiedIdentity): VerifiedIdentity {
  const address = email !== undefined && { email: normalizeEmail(email), emailVerified: emailVerified === true };
  return { ...assertIdentityKey(key), ...address };
}
