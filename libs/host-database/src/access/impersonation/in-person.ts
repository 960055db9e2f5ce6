import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { ContextService } from '../../context/index.js';
import { NotWhileImpersonatingError } from './impersonation.errors.js';

/** Keeps those who act as somebody else from what only the person themselves may do. */
@Injectable()
export class InPerson {
  constructor(
    private readonly audit: AuditService,
    private readonly context: ContextService,
  ) {}

  /**
   * A refusal is recorded as `access.refused-while-impersonating`, and stays.
   *
   * @throws NotWhileImpersonatingError
   */
  async require(): Promise<void> {
    const { actorUserId, impersonatorUserId } = this.context.current;
    if (impersonatorUserId === undefined) return;
    await this.audit.recordDetached({
      eventType: 'access.refused-while-impersonating',
      ...(actorUserId !== undefined && { targetId: actorUserId }),
      outcome: 'denied',
    });
    throw new NotWhileImpersonatingError();
  }
}
