import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock, genId, normalizeEmail } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, JobsService } from '../../jobs/index.js';
import { GlobalUser } from '../global-user.entity.js';
import { IdentityRecords } from '../identities/identity-records.js';
import { lockUser } from '../locked-user.js';
import { MailDelivery } from '../mail/mail-delivery.js';
import { PasswordChanges } from '../passwords/password-changes.js';
import { Passwords } from '../passwords/passwords.service.js';
import { UserTokens } from './user-tokens.js';

const SEND_RESET_JOB = 'users.send-password-reset';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'users.send-password-reset': { userId: string };
  }
}

/** A new password, by a token from the person's mailbox. */
export interface NewPassword {
  readonly token: string;
  readonly newPassword: string;
}

/** Gives somebody who has forgotten their password another one. */
@Injectable()
export class PasswordReset {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tokens: UserTokens,
    private readonly passwords: Passwords,
    private readonly changes: PasswordChanges,
    private readonly identities: IdentityRecords,
    private readonly mail: MailDelivery,
    private readonly jobs: JobsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Has the person with this address sent a token (`reset-password`), in the caller's transaction. Answers the same, and does the same,
   * where nobody has it: what differs is left to a job. A person who may not sign in is sent nothing.
   *
   * @throws InvalidInputError, MailerMissingError
   */
  async request(email: string): Promise<void> {
    const address = normalizeEmail(email);
    this.mail.assertMailer();
    await this.unitOfWork.transactional(async (em) => {
      const user = await em.findOne(GlobalUser, { email: address }, { fields: ['id'], disableIdentityMap: true });
      // A job of nobody's costs as much as one of somebody's.
      await this.jobs.enqueue(SEND_RESET_JOB, { userId: user?.id ?? genId() });
      await this.audit.record({
        eventType: 'users.password-reset-requested',
        tenantId: null,
        outcome: user ? 'success' : 'failure',
        ...(user && { targetId: user.id }),
      });
    });
  }

  /**
   * Gives the person whom a token was sent to a new password. The token works once; the address is verified by it, wrong passwords are
   * forgotten, and `UserPasswordChanged` has sessions ended. Where the address was not verified before, identities that were linked by then
   * are taken away, since they may be somebody else's. A token is not spent on a password that is refused.
   *
   * @throws InvalidUserTokenError, which is recorded as `users.mail-token-refused`
   * @throws WeakPasswordError, InvalidInputError, PasswordPackageMissingError
   */
  async confirm({ token, newPassword }: NewPassword): Promise<GlobalUser> {
    // Before a password is hashed, which is much work to have done for nothing.
    const { email } = await this.tokens.check(token, ['reset-password']);
    const passwordHash = await this.passwords.hash(newPassword, { email });
    return this.tokens.spend(token, {
      purposes: ['reset-password'],
      work: async (user) => {
        // Nobody had shown that the address is theirs: whoever has linked an identity may have waited here for its owner.
        if (user.emailVerifiedAt == null) await this.identities.removeLinked(user);
        user.emailVerifiedAt ??= this.clock.now();
        await this.changes.apply({ user, passwordHash, by: 'reset' });
        await this.audit.record({
          eventType: 'users.password-reset',
          tenantId: null,
          targetId: user.id,
          actorUserId: user.id,
        });
        return user;
      },
    });
  }

  @JobHandler(SEND_RESET_JOB, { runsFor: 'host', transactional: true })
  async sendToken({ payload: { userId } }: JobRun<typeof SEND_RESET_JOB>): Promise<void> {
    const user = await lockUser(this.unitOfWork.em, { id: userId });
    if (user && !user.deactivatedAt) await this.tokens.send({ user, purpose: 'reset-password', email: user.email });
  }
}
