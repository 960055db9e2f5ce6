import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobsService } from '../../jobs/index.js';
import type { GlobalUser } from '../global-user.entity.js';
import { lockUser } from '../locked-user.js';
import { MailDelivery } from '../mail/mail-delivery.js';
import { MailLimits } from '../mail/mail-limits.js';
import { type ResolvedUsersOptions, USERS_OPTIONS } from '../users.options.js';
import { UsersUpkeep } from '../users-upkeep.js';
import { hashToken, newToken } from './secret-token.js';
import { UserToken, type UserTokenPurpose } from './user-token.entity.js';
import type { TokenRefusal } from './user-tokens.audit-events.js';
import { InvalidUserTokenError } from './user-tokens.errors.js';

/** The job that mails a token. */
export const MAIL_TOKEN_JOB = 'users.mail-token';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'users.mail-token': { tokenId: string };
  }
}

/** A token to be sent. */
export interface NewUserToken {
  readonly user: GlobalUser;
  readonly purpose: UserTokenPurpose;
  /** Where to. */
  readonly email: string;
}

/** What a token is given for. */
export interface TokenUse<T> {
  readonly purposes: readonly [UserTokenPurpose, ...UserTokenPurpose[]];
  /** Runs in the transaction that spends the token, with its person locked. What it throws leaves the token unspent. */
  readonly work: (user: GlobalUser, token: UserToken) => Promise<T>;
}

type Spending<T> = { readonly value: T } | { readonly refusal: TokenRefusal };

const MINUTE_MS = 60_000;
const PURGE_BATCH = 1_000;
/** For so long it can be told that a token was used, or came too late. */
const KEPT_MS = 7 * 86_400_000;

/** What is sent by mail to prove that an address is somebody's: made, mailed, and spent once. */
@Injectable()
export class UserTokens {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly jobs: JobsService,
    private readonly mail: MailDelivery,
    private readonly limits: MailLimits,
    private readonly audit: AuditService,
    private readonly upkeep: UsersUpkeep,
    @Inject(USERS_OPTIONS) private readonly options: ResolvedUsersOptions,
  ) {}

  /**
   * Has a token mailed, in the caller's transaction, with the user's row locked; the former ones of its purpose are worth nothing from now
   * on. Its secret is made when it is mailed, so that neither the row nor the job ever has it. An address that was sent as many as it may
   * within an hour is sent none, and keeps the one that it has.
   *
   * @throws MailerMissingError
   */
  async send({ user, purpose, email }: NewUserToken): Promise<void> {
    this.mail.assertMailer();
    const { em } = this.unitOfWork;
    if (!(await this.limits.take({ to: email, template: templateOf(purpose) })))
      return this.revokeElsewhere({ user, purpose, email });
    await this.revoke(user.id, [purpose]);
    const token = em.create(UserToken, {
      user,
      purpose,
      email,
      // Of a token that nobody has.
      tokenHash: hashToken(newToken()),
      expiresAt: this.expiryOf(purpose),
      createdAt: this.clock.now(),
    });
    await em.flush();
    await this.jobs.enqueue(MAIL_TOKEN_JOB, { tokenId: token.id });
    await this.upkeep.request();
  }

  /** Gives a token its secret, which is worth something from the commit on. @returns undefined when it is not to be sent any more */
  async arm(tokenId: string): Promise<{ readonly secret: string; readonly token: UserToken } | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      const token = await em.findOne(UserToken, { id: tokenId }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      if (!token || token.usedAt) return undefined;
      const secret = newToken();
      Object.assign(token, { tokenHash: hashToken(secret), expiresAt: this.expiryOf(token.purpose) });
      await em.flush();
      return { secret, token };
    });
  }

  /**
   * Tells whether a token could be spent now, without doing so; for work that is not worth it otherwise.
   *
   * @throws InvalidUserTokenError, which is recorded as `users.mail-token-refused`
   */
  async check(secret: string, purposes: TokenUse<never>['purposes']): Promise<UserToken> {
    const token = await this.find(secret);
    const refusal = token ? this.refusalOf(token, token.user.getEntity(), purposes) : 'unknown';
    if (!token || refusal) return this.refuse(token, purposes, refusal ?? 'unknown');
    return token;
  }

  /**
   * Spends a token. Of any number at once one does.
   *
   * @throws InvalidUserTokenError, which is recorded as `users.mail-token-refused`
   */
  async spend<T>(secret: string, { purposes, work }: TokenUse<T>): Promise<T> {
    const found = await this.find(secret);
    if (!found) return this.refuse(null, purposes, 'unknown');
    const spent = await this.unitOfWork.transactional(async (em): Promise<Spending<T>> => {
      // The person before the token, as where one is sent: in another order two would wait for each other.
      const user = await lockUser(em, { id: found.user.id });
      const token = await em.findOne(UserToken, { id: found.id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      const refusal = user && token ? this.refusalOf(token, user, purposes) : 'unknown';
      if (!user || !token || refusal) return { refusal: refusal ?? 'unknown' };
      token.usedAt = this.clock.now();
      await em.flush();
      return { value: await work(user, token) };
    });
    return 'refusal' in spent ? this.refuse(found, purposes, spent.refusal) : spent.value;
  }

  /** Makes the unused tokens of a person worthless, in the caller's transaction. */
  async revoke(userId: string, purposes: readonly UserTokenPurpose[]): Promise<void> {
    await this.unitOfWork.em.nativeUpdate(
      UserToken,
      { user: userId, purpose: { $in: [...purposes] }, usedAt: null },
      { usedAt: this.clock.now() },
    );
  }

  /** Removes those whose time has long been over, a batch of them. @returns how many */
  async purge(): Promise<number> {
    const { em } = this.unitOfWork;
    const expiresAt = { $lte: new Date(this.clock.now().getTime() - KEPT_MS) };
    const expired = await em.find(
      UserToken,
      { expiresAt },
      { fields: ['id'], orderBy: { expiresAt: 'asc' }, limit: PURGE_BATCH, disableIdentityMap: true },
    );
    return expired.length === 0 ? 0 : em.nativeDelete(UserToken, { id: { $in: expired.map(({ id }) => id) }, expiresAt });
  }

  /** The address that was asked for last counts, whether or not it is mailed. */
  private async revokeElsewhere({ user, purpose, email }: NewUserToken): Promise<void> {
    const where = { user: user.id, purpose, usedAt: null, email: { $ne: email } };
    await this.unitOfWork.em.nativeUpdate(UserToken, where, { usedAt: this.clock.now() });
  }

  private async find(secret: unknown): Promise<UserToken | null> {
    if (typeof secret !== 'string') return null;
    const where = { tokenHash: hashToken(secret) };
    return this.unitOfWork.em.findOne(UserToken, where, { populate: ['user'], disableIdentityMap: true });
  }

  private refusalOf(token: UserToken, user: GlobalUser, purposes: readonly UserTokenPurpose[]): TokenRefusal | undefined {
    if (!purposes.includes(token.purpose)) return 'other-purpose';
    if (token.usedAt) return 'used';
    if (token.expiresAt <= this.clock.now()) return 'expired';
    if (user.deactivatedAt) return 'deactivated';
    // Whoever has the former mailbox is not the person any more.
    if (token.purpose !== 'change-email' && token.email !== user.email) return 'email-changed';
    return undefined;
  }

  private async refuse(token: UserToken | null, [purpose]: TokenUse<never>['purposes'], reason: TokenRefusal): Promise<never> {
    await this.audit.recordDetached({
      eventType: 'users.mail-token-refused',
      tenantId: null,
      outcome: 'denied',
      details: { purpose: token?.purpose ?? purpose, reason },
      ...(token && { targetId: token.user.id }),
    });
    throw new InvalidUserTokenError();
  }

  private expiryOf(purpose: UserTokenPurpose): Date {
    const { resetPasswordMinutes, verifyEmailHours } = this.options.tokens;
    const minutes = purpose === 'reset-password' ? resetPasswordMinutes : verifyEmailHours * 60;
    return new Date(this.clock.now().getTime() + minutes * MINUTE_MS);
  }
}

/** Which mail a token is in. */
export function templateOf(purpose: UserTokenPurpose): 'reset-password' | 'verify-email' {
  return purpose === 'reset-password' ? 'reset-password' : 'verify-email';
}
