import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { effectiveStatus, TenantCatalog, TenantNotActiveError } from '../../tenants/index.js';
import { GlobalUser } from '../../users/index.js';
import { MembershipLocks } from '../membership-locks.js';
import { Membership } from '../membership.entity.js';
import { MembershipsService } from '../memberships.service.js';
import { InvitationAuthority } from './invitation-authority.js';
import { InvitationRefusals } from './invitation-refusals.js';
import { grantOf, type InvitationPreview, type InvitationStatus, statusOfInvitation } from './invitation-summary.js';
import { invitationIdIn, opensInvitation } from './invitation-token.js';
import { Invitation } from './invitation.entity.js';
import { InvitationEmailNotVerifiedError, InvitationInvalidError, InviterAuthorityLostError } from './invitations.errors.js';

/** An invitation, and who it was sent to, while nobody else can change it. */
interface Claim {
  readonly invitation: Invitation;
  readonly tenant: TenantCatalog;
  readonly user: GlobalUser;
}

/** What the person who was invited does with the token: looks, accepts, declines. Promises what `InvitationsService` says. */
@Injectable()
export class InvitationAnswers {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly locks: MembershipLocks,
    private readonly memberships: MembershipsService,
    private readonly authority: InvitationAuthority,
    private readonly refusals: InvitationRefusals,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  async preview(token: string): Promise<InvitationPreview> {
    const { em } = this.unitOfWork;
    const invitation = await this.find(token);
    if (!invitation || !opensInvitation(token, invitation) || this.statusOf(invitation) !== 'open') {
      throw new InvitationInvalidError();
    }
    const { role, expiresAt, invitedBy } = invitation;
    const tenant = await em.findOneOrFail(TenantCatalog, { id: invitation.tenant.id }, { disableIdentityMap: true });
    const inviter = await em.findOne(GlobalUser, { id: invitedBy }, { disableIdentityMap: true });
    return { tenantName: tenant.name, role, inviterEmail: inviter?.email ?? null, expiresAt };
  }

  async accept(token: string): Promise<Membership> {
    return this.answer('accept', token, async (claim) => {
      const { invitation, tenant, user } = claim;
      if (invitation.acceptedBy === user.id) return this.membershipOfBefore(claim);
      this.assertOpen(claim);
      const status = effectiveStatus(tenant);
      if (status !== 'active') throw new TenantNotActiveError(tenant.id, status);
      // As it was when it was sent: who could not send it now gives nothing away.
      const lack = await this.authority.lackOf(invitation.invitedBy, tenant.id, [grantOf(invitation)]);
      if (lack !== undefined) throw new InviterAuthorityLostError(invitation.id);
      const former = await this.activeMembership(claim);
      const membership = former ?? (await this.join(claim));
      Object.assign(invitation, { acceptedAt: this.clock.now(), acceptedBy: user.id });
      await this.unitOfWork.em.flush();
      const details = {
        ...grantOf(invitation),
        invitedBy: invitation.invitedBy,
        membershipId: membership.id,
        wasMember: former !== null,
      };
      const eventType = 'memberships.invitation-accepted';
      await this.audit.record({ eventType, tenantId: tenant.id, targetId: invitation.id, details });
      return membership;
    });
  }

  async decline(token: string): Promise<void> {
    await this.answer('decline', token, async (claim) => {
      const { invitation, tenant } = claim;
      this.assertOpen(claim);
      invitation.declinedAt = this.clock.now();
      await this.unitOfWork.em.flush();
      const { invitedBy } = invitation;
      const eventType = 'memberships.invitation-declined';
      await this.audit.record({ eventType, tenantId: tenant.id, targetId: invitation.id, details: { invitedBy } });
    });
  }

  /** Finds what the token is of, has everybody else wait, and makes sure that it was sent to the actor. */
  private async answer<T>(action: 'accept' | 'decline', token: string, work: (claim: Claim) => Promise<T>): Promise<T> {
    const known = await this.find(token);
    const attempt = { action, tenantId: known?.tenant.id ?? null, invitationId: known?.id };
    return this.refusals.recorded(attempt, () =>
      this.unitOfWork.transactional(async (em) => {
        const userId = this.authority.inviteeId();
        // Before the lock: who only guesses has nobody wait.
        if (!known || !opensInvitation(token, known)) throw new InvitationInvalidError();
        const tenant = await this.locks.lock({
          tenantId: known.tenant.id,
          ...(action === 'accept' && known.role === 'owner' && { newOwnerId: userId }),
        });
        const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
        const invitation = await em.findOne(Invitation, { id: known.id }, locked);
        if (!invitation || !opensInvitation(token, invitation)) throw new InvitationInvalidError();
        const user = await em.findOne(GlobalUser, { id: userId }, { disableIdentityMap: true });
        if (!user || user.deactivatedAt != null || user.email !== invitation.email) throw new InvitationInvalidError();
        return work({ invitation, tenant, user });
      }),
    );
  }

  /** @throws InvitationInvalidError, InvitationEmailNotVerifiedError */
  private assertOpen({ invitation, user }: Claim): void {
    if (this.statusOf(invitation) !== 'open') throw new InvitationInvalidError();
    // An address that somebody has only typed in proves nothing.
    if (user.emailVerifiedAt == null) throw new InvitationEmailNotVerifiedError(user.id);
  }

  /** A second click finds what the first has made; it does not bring back what has ended since. */
  private async membershipOfBefore(claim: Claim): Promise<Membership> {
    const membership = await this.activeMembership(claim);
    if (!membership) throw new InvitationInvalidError();
    return membership;
  }

  private join({ invitation, tenant, user }: Claim): Promise<Membership> {
    return this.memberships.grant({ userId: user.id, tenantId: tenant.id, ...grantOf(invitation) });
  }

  private async activeMembership({ tenant, user }: Claim): Promise<Membership | null> {
    const where = { user: user.id, tenant: tenant.id, isActive: true };
    return this.unitOfWork.em.findOne(Membership, where, { refresh: true });
  }

  private async find(token: string): Promise<Invitation | null> {
    const id = invitationIdIn(token);
    return id === undefined ? null : this.unitOfWork.em.findOne(Invitation, { id }, { disableIdentityMap: true });
  }

  private statusOf(invitation: Invitation): InvitationStatus {
    return statusOfInvitation(invitation, this.clock.now());
  }
}
