import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, Clock } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import { EMAIL_UNIQUE, type GlobalUser } from '../global-user.entity.js';
import { lockUser } from '../locked-user.js';
import { DuplicateEmailError, UserNotFoundError } from '../users.errors.js';
import { USER_TOKEN_PURPOSES } from './user-token.entity.js';
import { UserTokens } from './user-tokens.js';

/** Finds out whether an address is somebody's: only who reads its mail has the token. */
@Injectable()
export class EmailVerification {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tokens: UserTokens,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Has a person sent a token (`verify-email`), in the caller's transaction. The one that they were sent before is worth nothing from now
   * on. Sends nothing to somebody whose address is verified.
   *
   * @throws UserNotFoundError, MailerMissingError
   */
  async request(userId: string): Promise<void> {
    await this.unitOfWork.transactional(async (em) => {
      const user = await lockUser(em, { id: assertId(userId, 'user') });
      if (!user) throw new UserNotFoundError(userId);
      if (user.emailVerifiedAt) return;
      await this.tokens.send({ user, purpose: 'verify-email', email: user.email });
      await this.audit.record({ eventType: 'users.email-verification-requested', tenantId: null, targetId: user.id });
    });
  }

  /**
   * Records that the address that a token was sent to is its person's, who has it from now on if it is the one that they have asked to
   * take: see `UsersService.changeEmail()`. A token works once.
   *
   * @throws InvalidUserTokenError, which is recorded as `users.mail-token-refused`
   * @throws DuplicateEmailError when somebody else has taken the new address meanwhile
   */
  async confirm(token: string): Promise<GlobalUser> {
    return this.tokens.spend(token, {
      purposes: ['verify-email', 'change-email'],
      work: async (user, { purpose, email }) => {
        if (purpose === 'change-email') await this.changeEmail(user, email);
        user.emailVerifiedAt ??= this.clock.now();
        await this.unitOfWork.em.flush();
        await this.audit.record({
          eventType: 'users.email-verified',
          tenantId: null,
          targetId: user.id,
          actorUserId: user.id,
        });
        return user;
      },
    });
  }

  private async changeEmail(user: GlobalUser, email: string): Promise<void> {
    const before = user.email;
    user.email = email;
    try {
      await this.unitOfWork.em.flush();
    } catch (cause) {
      if (violatesUnique(cause, EMAIL_UNIQUE)) throw new DuplicateEmailError(email, { cause });
      throw cause;
    }
    // What is in the former mailbox.
    await this.tokens.revoke(user.id, USER_TOKEN_PURPOSES);
    await this.audit.record({
      eventType: 'users.email-changed',
      tenantId: null,
      targetId: user.id,
      actorUserId: user.id,
      details: { before, after: email },
    });
  }
}
