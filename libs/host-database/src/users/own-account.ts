import { Injectable } from '@nestjs/common';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';
import { ContextService } from '../context/index.js';
import { ImpersonatedAccountChangeError } from './users.errors.js';

/** What would open an account for longer than somebody acts as its person. */
export type AccountChange = 'change-email' | 'link-identity' | 'unlink-identity';

export const ownAccountEvents = defineAuditEvents({
  'users.account-change-refused': { details: detailsOf<{ change: AccountChange }>(), targetType: 'GlobalUser' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof ownAccountEvents> {}
}

/** Keeps those who act as somebody else from the ways into that account. */
@Injectable()
export class OwnAccount {
  constructor(
    private readonly context: ContextService,
    private readonly audit: AuditService,
  ) {}

  /** A refusal is recorded as `users.account-change-refused`, and stays. @throws ImpersonatedAccountChangeError */
  async require(userId: string, change: AccountChange): Promise<void> {
    if (this.context.current.impersonatorUserId === undefined) return;
    await this.audit.recordDetached({
      eventType: 'users.account-change-refused',
      targetId: userId,
      outcome: 'denied',
      details: { change },
    });
    throw new ImpersonatedAccountChangeError(userId);
  }
}
