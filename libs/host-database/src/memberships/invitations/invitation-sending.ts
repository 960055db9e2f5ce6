import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { effectiveStatus, type TenantCatalog, TenantNotActiveError } from '../../tenants/index.js';
import { GlobalUser } from '../../users/index.js';
import { Membership } from '../membership.entity.js';
import { DuplicateMembershipError } from '../memberships.errors.js';
import { MEMBERSHIPS_OPTIONS, type ResolvedMembershipsOptions } from '../memberships.options.js';
import type { RoleGrant } from '../roles/roles.service.js';
import { TenantRole } from '../roles/tenant-role.entity.js';
import { InvitationAuthority } from './invitation-authority.js';
import { InvitationMail } from './invitation-mail.js';
import { grantOf } from './invitation-summary.js';
import { hashOfNoToken } from './invitation-token.js';
import { Invitation } from './invitation.entity.js';
import { InvitationSentTooSoonError, TooManyInvitationsError } from './invitations.errors.js';

const DAY_MS = 86_400_000;
const NOT_ENDED = { acceptedAt: null, revokedAt: null, declinedAt: null } as const;

/** Whom to invite, as what. */
export interface Invited {
  readonly email: string;
  readonly grant: RoleGrant;
}

/** Writes invitations and has them mailed. In the caller's transaction, which has the tenant's lock and has asked whether the actor may. */
@Injectable()
export class InvitationSending {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly authority: InvitationAuthority,
    private readonly mail: InvitationMail,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    @Inject(MEMBERSHIPS_OPTIONS) private readonly options: Pick<ResolvedMembershipsOptions, 'invitations'>,
  ) {}

  /**
   * Sends the one invitation that there is for an address, new or again.
   *
   * @throws TenantNotActiveError, DuplicateMembershipError, TooManyInvitationsError, InvitationSentTooSoonError, MailerMissingError
   * @throws InsufficientAuthorityError when the one that there is gives more than the actor can
   */
  async send(tenant: TenantCatalog, { email, grant }: Invited): Promise<Invitation> {
    const { em } = this.unitOfWork;
    await this.refuseMember(tenant.id, email);
    const customRole = grant.customRoleId == null ? null : em.getReference(TenantRole, grant.customRoleId, { wrapped: true });
    const former = await em.findOne(Invitation, { tenant: tenant.id, email, ...NOT_ENDED }, { refresh: true });
    if (former) {
      await this.authority.assertActorMay({ action: 'create-invitation', tenantId: tenant.id, grants: [grantOf(former)] });
      return this.sendAgain(tenant, former, { role: grant.role, customRole });
    }
    this.assertPossible(tenant);
    await this.refuseTooMany(tenant.id);
    const invitation = em.create(Invitation, {
      tenant,
      email,
      role: grant.role,
      customRole,
      createdAt: this.clock.now(),
      ...this.freshFacts(),
    });
    await em.flush();
    await this.audit.record({
      eventType: 'memberships.invitation-created',
      tenantId: tenant.id,
      targetId: invitation.id,
      details: grantOf(invitation),
    });
    await this.mail.enqueue(invitation);
    return invitation;
  }

  /**
   * Sends an invitation again, in the name of the actor; what was sent before opens nothing any more.
   *
   * @param changes what it gives from now on; what it gave, without
   * @throws TenantNotActiveError, InvitationSentTooSoonError, MailerMissingError
   */
  async sendAgain(
    tenant: TenantCatalog,
    invitation: Invitation,
    changes: Partial<Pick<Invitation, 'role' | 'customRole'>> = {},
  ): Promise<Invitation> {
    this.assertPossible(tenant);
    const retryAt = new Date(invitation.sentAt.getTime() + this.options.invitations.resendAfterSeconds * 1_000);
    if (this.clock.now() < retryAt) throw new InvitationSentTooSoonError(invitation.id, retryAt);
    const { invitedBy: invitedBefore } = invitation;
    const sendCount = (invitation.sendCount ?? 1) + 1;
    Object.assign(invitation, changes, this.freshFacts(), { sendCount });
    await this.unitOfWork.em.flush();
    await this.audit.record({
      eventType: 'memberships.invitation-resent',
      tenantId: tenant.id,
      targetId: invitation.id,
      details: { ...grantOf(invitation), sendCount, invitedBefore },
    });
    await this.mail.enqueue(invitation);
    return invitation;
  }

  /** One that is being provisioned can invite already: who accepts has to wait until it can be entered. */
  private assertPossible(tenant: TenantCatalog): void {
    const status = effectiveStatus(tenant);
    if (status !== 'active' && status !== 'provisioning') throw new TenantNotActiveError(tenant.id, status);
    this.mail.assertPossible();
  }

  private freshFacts(): Pick<Invitation, 'invitedBy' | 'sentAt' | 'expiresAt' | 'tokenHash'> {
    const sentAt = this.clock.now();
    const expiresAt = new Date(sentAt.getTime() + this.options.invitations.expireAfterDays * DAY_MS);
    // The token is made where it is mailed, so that it is nowhere else.
    return { invitedBy: this.authority.actorId(), sentAt, expiresAt, tokenHash: hashOfNoToken() };
  }

  private async refuseMember(tenantId: string, email: string): Promise<void> {
    const { em } = this.unitOfWork;
    const user = await em.findOne(GlobalUser, { email }, { disableIdentityMap: true });
    if (!user) return;
    const where = { user: user.id, tenant: tenantId, isActive: true };
    if ((await em.count(Membership, where)) > 0) throw new DuplicateMembershipError({ userId: user.id, tenantId });
  }

  private async refuseTooMany(tenantId: string): Promise<void> {
    const { maxOpenPerTenant } = this.options.invitations;
    const open = { tenant: tenantId, ...NOT_ENDED, expiresAt: { $gt: this.clock.now() } };
    if ((await this.unitOfWork.em.count(Invitation, open)) >= maxOpenPerTenant) {
      throw new TooManyInvitationsError(tenantId, maxOpenPerTenant);
    }
  }
}
