import { type FilterQuery, LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { GlobalUser } from '../../users/index.js';
import { grantOf } from './invitation-summary.js';
import { hashOfNoToken } from './invitation-token.js';
import { Invitation } from './invitation.entity.js';

const NOT_ENDED = { acceptedAt: null, revokedAt: null, declinedAt: null } as const;

/**
 * Takes invitations back that what happens to a person makes void. In the caller's transaction, with the tenant's lock or that of the
 * person's row. Each is recorded as `memberships.invitation-revoked`.
 */
@Injectable()
export class InvitationEnds {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Nobody comes back by an invitation that is older than their membership, or its end. */
  async revoke({ tenantId, email }: { readonly tenantId: string; readonly email: string }): Promise<void> {
    for (const invitation of await this.open({ tenant: tenantId, email })) {
      Object.assign(invitation, { revokedAt: this.clock.now(), tokenHash: hashOfNoToken() });
      await this.unitOfWork.em.flush();
      await this.record(invitation);
    }
  }

  /** The invitations that somebody has accepted, and those to the address that is theirs, in any tenant. */
  async remove({ id, email, emailVerifiedAt }: GlobalUser): Promise<void> {
    const { em } = this.unitOfWork;
    await em.nativeDelete(Invitation, { acceptedBy: id });
    // Whoever has only typed in somebody's address does not take away what that one was sent.
    if (emailVerifiedAt == null) return;
    for (const invitation of await this.open({ email })) await this.record(invitation);
    await em.nativeDelete(Invitation, { email });
  }

  private async open(where: FilterQuery<Invitation>): Promise<Invitation[]> {
    const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, orderBy: { id: 'asc' } } as const;
    return this.unitOfWork.em.find(Invitation, { $and: [where, NOT_ENDED] }, locked);
  }

  private async record(invitation: Invitation): Promise<void> {
    const { id: targetId, tenant } = invitation;
    const eventType = 'memberships.invitation-revoked';
    await this.audit.record({ eventType, tenantId: tenant.id, targetId, details: grantOf(invitation) });
  }
}
