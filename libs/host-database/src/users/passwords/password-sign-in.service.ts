import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, Clock, normalizeEmail } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser } from '../global-user.entity.js';
import { lockUser } from '../locked-user.js';
import { UserNotFoundError } from '../users.errors.js';
import { UsersService } from '../users.service.js';
import { UsersUpkeep } from '../users-upkeep.js';
import { PasswordBackoffs } from './password-backoffs.js';
import { PasswordChanges } from './password-changes.js';
import { InvalidCredentialsError, PasswordInTransactionError, TooManyAttemptsError } from './passwords.errors.js';
import { Passwords } from './passwords.service.js';

/** How a person proves who they are. */
export interface PasswordCredentials {
  readonly email: string;
  readonly password: string;
}

/** Another password, by somebody who knows the one that they have. */
export interface ChangedPassword {
  readonly userId: string;
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** Registration and sign-in with an email address and a password. It opens no session: that is for the access room. */
@Injectable()
export class PasswordSignIn {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly backoffs: PasswordBackoffs,
    private readonly changes: PasswordChanges,
    private readonly audit: AuditService,
    private readonly upkeep: UsersUpkeep,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a person with a password, in the caller's transaction. Takes as long for an address that is taken: whether to tell is the
   * application's choice, and so is to ask for the address to be verified (`EmailVerification.request()`).
   *
   * @throws WeakPasswordError, InvalidInputError, PasswordPackageMissingError
   * @throws DuplicateEmailError
   */
  async register({ email, password }: PasswordCredentials): Promise<GlobalUser> {
    const address = normalizeEmail(email);
    const passwordHash = await this.passwords.hash(password, { email: address });
    return this.users.create({ email: address, passwordHash });
  }

  /**
   * Returns the person of this address and password, with the login recorded (`users.signed-in`). Verifies one hash whether or not there
   * is such a person. Every attempt counts, in a transaction of its own, and from the fifth wrong one in a row there is a pause.
   *
   * @throws InvalidCredentialsError also for somebody who may not sign in; recorded as `users.sign-in-failed`
   * @throws TooManyAttemptsError before the password is looked at; recorded as `users.sign-in-blocked`
   * @throws PasswordInTransactionError, InvalidInputError, PasswordPackageMissingError
   */
  async signIn({ email, password }: PasswordCredentials): Promise<GlobalUser> {
    this.assertNoTransaction();
    const address = normalizeEmail(email);
    const waitMs = await this.backoffs.begin(address);
    const user = await this.findWithHash({ email: address });
    if (waitMs > 0) {
      await this.recordRefusal('users.sign-in-blocked', user);
      throw new TooManyAttemptsError(waitMs);
    }
    const isRight = await this.passwords.verify(user?.passwordHash, password);
    const admitted = user && isRight ? await this.admit(user, password) : null;
    if (admitted) return admitted;
    await this.recordRefusal('users.sign-in-failed', user);
    await this.upkeep.request();
    throw new InvalidCredentialsError();
  }

  /**
   * Gives a person another password, if they know the one that they have. Who has none gets their first by `PasswordReset`. Wrong ones
   * count as those at sign-in do; `UserPasswordChanged` has other sessions ended.
   *
   * @throws InvalidCredentialsError, TooManyAttemptsError, recorded as `users.password-change-refused`
   * @throws WeakPasswordError, InvalidInputError, UserNotFoundError
   * @throws PasswordInTransactionError, PasswordPackageMissingError
   */
  async changePassword({ userId, currentPassword, newPassword }: ChangedPassword): Promise<void> {
    this.assertNoTransaction();
    const user = await this.findWithHash({ id: assertId(userId, 'user') });
    if (!user) throw new UserNotFoundError(userId);
    const waitMs = await this.backoffs.begin(user.email);
    if (waitMs > 0) {
      await this.recordChangeRefusal(user, 'blocked');
      throw new TooManyAttemptsError(waitMs);
    }
    if (!(await this.passwords.verify(user.passwordHash, currentPassword))) return this.refuseChange(user);
    await this.backoffs.forget(user.email);
    const passwordHash = await this.passwords.hash(newPassword, { email: user.email });
    const isChanged = await this.unitOfWork.transactional(async (em) => {
      const current = await lockUser(em, { id: user.id });
      if (!current || !isStill(current, user)) return false;
      await this.changes.apply({ user: current, passwordHash, by: 'change' });
      await this.audit.record({ eventType: 'users.password-changed', tenantId: null, targetId: user.id });
      return true;
    });
    if (!isChanged) await this.refuseChange(user);
  }

  /** @returns null where the person may not sign in, or not with this password any more */
  private async admit(user: GlobalUser, password: string): Promise<GlobalUser | null> {
    if (user.deactivatedAt || user.passwordHash == null) return null;
    const passwordHash = await this.passwords.rehash(user.passwordHash, password);
    return this.unitOfWork.transactional(async (em) => {
      const current = await lockUser(em, { id: user.id });
      if (!current || !isStill(current, user)) return null;
      current.lastLogin = this.clock.now();
      if (passwordHash !== undefined) current.passwordHash = passwordHash;
      await em.flush();
      await this.backoffs.forget(user.email);
      await this.audit.record({
        eventType: 'users.signed-in',
        tenantId: null,
        targetId: user.id,
        actorUserId: user.id,
        details: { by: 'password' },
      });
      return current;
    });
  }

  /** As the database has them, beside the unit of work. */
  private async findWithHash(where: { readonly email: string } | { readonly id: string }): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, where, { populate: ['passwordHash'], disableIdentityMap: true });
  }

  private async refuseChange(user: GlobalUser): Promise<never> {
    await this.recordChangeRefusal(user, 'wrong-password');
    await this.upkeep.request();
    throw new InvalidCredentialsError();
  }

  private async recordChangeRefusal({ id }: GlobalUser, reason: 'wrong-password' | 'blocked'): Promise<void> {
    await this.audit.recordDetached({
      eventType: 'users.password-change-refused',
      tenantId: null,
      targetId: id,
      outcome: 'denied',
      details: { reason },
    });
  }

  private async recordRefusal(
    eventType: 'users.sign-in-failed' | 'users.sign-in-blocked',
    user: GlobalUser | null,
  ): Promise<void> {
    await this.audit.recordDetached({
      eventType,
      tenantId: null,
      outcome: eventType === 'users.sign-in-failed' ? 'failure' : 'denied',
      ...(user && { targetId: user.id, details: { email: user.email } }),
    });
  }

  private assertNoTransaction(): void {
    if (this.unitOfWork.transactionEm) throw new PasswordInTransactionError();
  }
}

/** Whether a password that was right before the row was locked still is. */
function isStill(current: GlobalUser, { passwordHash }: GlobalUser): boolean {
  return !current.deactivatedAt && current.passwordHash === passwordHash;
}
