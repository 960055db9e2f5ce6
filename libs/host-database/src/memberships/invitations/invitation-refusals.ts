import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { HostDatabaseError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantCatalog, TenantNotActiveError } from '../../tenants/index.js';
import { InsufficientAuthorityError } from '../memberships.errors.js';
import { RoleNotFoundError } from '../roles/roles.errors.js';

/** What somebody wanted. */
export interface InvitationAttempt {
  readonly action: 'create' | 'resend' | 'revoke' | 'list' | 'accept' | 'decline';
  /** The tenant that it is about; null where nobody knows. */
  readonly tenantId: string | null;
  readonly invitationId?: string | undefined;
}

/** Records what was refused, so that it stays when what was tried is rolled back. */
@Injectable()
export class InvitationRefusals {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
  ) {}

  /** Runs `work`, and records it as `memberships.invitation-refused` where a rule of this room has refused it. */
  async recorded<T>(attempt: InvitationAttempt, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isRefusal(error)) await this.record(attempt, error);
      throw error;
    }
  }

  private async record({ action, tenantId, invitationId }: InvitationAttempt, refusal: HostDatabaseError): Promise<void> {
    const cause = refusal instanceof InsufficientAuthorityError ? { cause: refusal.reason } : {};
    // Ids that somebody has made up begin no logs.
    const isKnown = tenantId !== null && (cause.cause !== 'not-a-member' || (await this.isTenant(tenantId)));
    await this.audit.recordDetached({
      eventType: 'memberships.invitation-refused',
      tenantId: isKnown ? tenantId : null,
      ...(invitationId !== undefined && { targetId: invitationId }),
      outcome: 'denied',
      details: { action, reason: refusal.code, ...cause },
    });
  }

  private async isTenant(id: string): Promise<boolean> {
    return (await this.unitOfWork.em.count(TenantCatalog, { id })) > 0;
  }
}

/** A mistake in the arguments is none: nobody was kept from anything. */
function isRefusal(error: unknown): error is HostDatabaseError {
  if (!(error instanceof HostDatabaseError) || error instanceof RoleNotFoundError) return false;
  return error instanceof TenantNotActiveError || error.code.startsWith('MEMBERSHIPS_');
}
