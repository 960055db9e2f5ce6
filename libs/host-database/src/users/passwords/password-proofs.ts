import { RequestContext } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { GlobalUser } from '../global-user.entity.js';
import { lockUser } from '../locked-user.js';
import { UserNotFoundError } from '../users.errors.js';
import { InvalidCredentialsError } from './passwords.errors.js';

/**
 * Which passwords were right in a unit of work: what opens because of one is refused where the person has another by then. Known where the
 * check and what opens are in one unit of work, such as a request.
 */
@Injectable()
export class PasswordProofs {
  private readonly proofs = new WeakMap<RequestContext, Map<string, string>>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
  ) {}

  /** Says that whoever is here knows the password of this hash. */
  note(userId: string, passwordHash: string): void {
    const unitOfWork = RequestContext.currentRequestContext();
    if (!unitOfWork) return;
    const proofs = this.proofs.get(unitOfWork) ?? new Map<string, string>();
    this.proofs.set(unitOfWork, proofs.set(userId, passwordHash));
  }

  /**
   * Returns a person for whom something is about to be opened, in the caller's transaction: whoever changes their password waits until it
   * has ended, and then ends what was opened. That the password is another one by now is recorded as `users.sign-in-failed`, and stays.
   *
   * @throws InvalidCredentialsError when the password that was right here is theirs no more
   * @throws UserNotFoundError
   */
  async lock(userId: string): Promise<GlobalUser> {
    const user = await lockUser(this.unitOfWork.em, { id: assertId(userId, 'user') });
    if (!user) throw new UserNotFoundError(userId);
    const unitOfWork = RequestContext.currentRequestContext();
    const proof = unitOfWork && this.proofs.get(unitOfWork)?.get(userId);
    if (proof === undefined || proof === user.passwordHash) return user;
    await this.audit.recordDetached({
      eventType: 'users.sign-in-failed',
      tenantId: null,
      targetId: userId,
      outcome: 'failure',
      details: { email: user.email },
    });
    throw new InvalidCredentialsError();
  }
}
