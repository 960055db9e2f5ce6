import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import type { GlobalUser } from '../global-user.entity.js';
import { lockUser, type UserKey } from '../locked-user.js';
import { IdentityTakenError } from './identities.errors.js';
import { type IdentityKey, oauthIdOfIdentity } from './identity-key.js';
import { IDENTITY_UNIQUE, UserIdentity } from './user-identity.entity.js';

/** The rows of identities. What they mean is decided by those who ask. */
@Injectable()
export class IdentityRecords {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the identity with its person. One that only `oauth_id` names, as before there were rows for identities, gets its row, in the
   * transaction that the caller has to have begun.
   */
  async find({ provider, subject }: IdentityKey): Promise<UserIdentity | null> {
    const { em } = this.unitOfWork;
    const row = () => em.findOne(UserIdentity, { provider, subject }, { populate: ['user'] });
    const known = await row();
    const oauthId = oauthIdOfIdentity({ provider, subject });
    if (known || oauthId === undefined) return known;
    const user = await this.lockUser({ oauthId });
    // Of several who come by it at once, one writes it.
    return user && ((await row()) ?? this.add(user, { provider, subject }));
  }

  /** Returns a person as they are now. Whoever changes how they sign in waits until the caller's transaction ends. */
  async lockUser(where: UserKey): Promise<GlobalUser | null> {
    return lockUser(this.unitOfWork.em, where);
  }

  /**
   * Writes an identity of a person, in the caller's transaction.
   *
   * @throws IdentityTakenError when it belongs to somebody, and the transaction, or savepoint, is lost
   */
  async add(
    user: GlobalUser,
    { provider, subject, email = null }: IdentityKey & { readonly email?: string | null },
  ): Promise<UserIdentity> {
    const { em } = this.unitOfWork;
    const identity = em.create(UserIdentity, { user, provider, subject, email, createdAt: this.clock.now() });
    try {
      await em.flush();
    } catch (cause) {
      if (violatesUnique(cause, IDENTITY_UNIQUE)) throw new IdentityTakenError(provider, { cause });
      throw cause;
    }
    return identity;
  }

  /** Takes from a person, whose row is locked, all identities but the one that `oauth_id` names, in the caller's transaction. */
  async removeLinked(user: GlobalUser): Promise<void> {
    const { em } = this.unitOfWork;
    const identities = await em.find(UserIdentity, { user: user.id }, { refresh: true });
    for (const identity of identities) {
      if (user.oauthId == null || user.oauthId !== oauthIdOfIdentity(identity)) em.remove(identity);
    }
    await em.flush();
  }
}
