import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, assertOneOf, Clock, InvalidInputError, normalizeEmail } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { TenantCatalog } from '../../tenants/index.js';
import { MembershipLocks } from '../membership-locks.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';
import type { Membership } from '../membership.entity.js';
import { InvitationAnswers } from './invitation-answers.js';
import { InvitationAuthority } from './invitation-authority.js';
import { InvitationRefusals } from './invitation-refusals.js';
import { InvitationSending } from './invitation-sending.js';
import {
  grantOf,
  type InvitationPage,
  type InvitationPreview,
  type InvitationSummary,
  statusOfInvitation,
  summarizeInvitation,
} from './invitation-summary.js';
import { hashOfNoToken } from './invitation-token.js';
import { Invitation } from './invitation.entity.js';
import { InvitationEndedError, InvitationNotFoundError } from './invitations.errors.js';

const PAGE_LIMIT = 50;
const PAGE_MAX_LIMIT = 500;

/** An invitation to be. */
export interface NewInvitation {
  readonly tenantId: string;
  readonly email: string;
  readonly role: MembershipRole;
  /** One of the tenant's own roles, for a `member`. */
  readonly customRoleId?: string | undefined;
}

/** Which invitations to list. */
export interface ListInvitationsOptions {
  /** 1 to 500. @default 50 */
  readonly limit?: number;
  /** Where the page before has ended: its `next`. */
  readonly after?: string | undefined;
}

/**
 * Invites people to tenants. What the tenant does is up to the actor of the context: they need the permission `invitations.manage`, and
 * nobody gives, sends again or takes back what can do more than they can. What the invited person does is in their own name.
 *
 * All of it runs in one transaction, or joins the caller's. Each change is an audit event, and so is each refusal, which stays when the
 * transaction is rolled back.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly locks: MembershipLocks,
    private readonly authority: InvitationAuthority,
    private readonly sending: InvitationSending,
    private readonly answers: InvitationAnswers,
    private readonly refusals: InvitationRefusals,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Invites an address. There is one open invitation for each: the second time it is sent again, with this role instead, by this actor.
   * It is mailed by a job once this is committed, but for an address that all tenants together have invited more often than
   * `users.mail.maxPerHour`, which nobody is told: it can be sent again later.
   *
   * @throws InvalidIdError, InvalidInputError, InvitationActorMissingError, RoleNotFoundError
   * @throws InsufficientAuthorityError, ImpersonatedOwnerChangeError, ImpersonatedAccountChangeError when it makes an admin
   * @throws TenantNotActiveError when the tenant is closed; one that is being provisioned can invite already
   * @throws DuplicateMembershipError when a member has the address
   * @throws TooManyInvitationsError, InvitationSentTooSoonError, MailerMissingError
   */
  async create({ tenantId, email, role, customRoleId }: NewInvitation): Promise<InvitationSummary> {
    const id = assertId(tenantId, 'tenant');
    const address = normalizeEmail(email);
    const grant = {
      role: assertOneOf(role, MEMBERSHIP_ROLES, 'role'),
      customRoleId: customRoleId === undefined ? null : assertId(customRoleId, 'role'),
    };
    const act = { action: 'create-invitation', tenantId: id, grants: [grant] };
    return this.refusals.recorded({ action: 'create', tenantId: id }, () =>
      this.unitOfWork.transactional(async () => {
        // Before the lock, so that who has no business here neither waits for the tenant nor learns whether there is one.
        await this.authority.assertActorMay(act);
        const tenant = await this.locks.lock({ tenantId: id });
        // And again: they may have been made less while this waited.
        await this.authority.assertActorMay(act);
        return this.summarize(await this.sending.send(tenant, { email: address, grant }));
      }),
    );
  }

  /**
   * Sends an invitation again, expired or not: with a new token, a new expiry and the authority of the actor. The token that was sent
   * before opens nothing from the commit on.
   *
   * @throws InvalidIdError, InvitationActorMissingError, InsufficientAuthorityError, TenantNotActiveError, MailerMissingError
   * @throws InvitationNotFoundError when no tenant of the actor has it; InvitationEndedError, InvitationSentTooSoonError
   */
  async resend(invitationId: string): Promise<InvitationSummary> {
    return this.change('resend', invitationId, (invitation, tenant) => this.sending.sendAgain(tenant, invitation));
  }

  /**
   * Takes an invitation back.
   *
   * @throws InvalidIdError, InvitationActorMissingError, InsufficientAuthorityError
   * @throws InvitationNotFoundError when no tenant of the actor has it; InvitationEndedError
   */
  async revoke(invitationId: string): Promise<InvitationSummary> {
    return this.change('revoke', invitationId, async (invitation, { id: tenantId }) => {
      Object.assign(invitation, { revokedAt: this.clock.now(), tokenHash: hashOfNoToken() });
      await this.unitOfWork.em.flush();
      const eventType = 'memberships.invitation-revoked';
      await this.audit.record({ eventType, tenantId, targetId: invitation.id, details: grantOf(invitation) });
      return invitation;
    });
  }

  /**
   * Returns the tenant's invitations, open and ended, the newest first.
   *
   * @throws InvalidIdError, InvalidInputError, InvitationActorMissingError, InsufficientAuthorityError
   */
  async list(tenantId: string, { limit = PAGE_LIMIT, after }: ListInvitationsOptions = {}): Promise<InvitationPage> {
    const tenant = assertId(tenantId, 'tenant');
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX_LIMIT) {
      throw new InvalidInputError('limit', `must be a whole number from 1 to ${PAGE_MAX_LIMIT}.`);
    }
    const where = { tenant, ...(after !== undefined && { id: { $lt: assertId(after, 'invitation') } }) };
    await this.refusals.recorded({ action: 'list', tenantId: tenant }, () =>
      this.authority.assertActorMay({ action: 'list-invitations', tenantId: tenant }),
    );
    const page = { limit: limit + 1, orderBy: { id: 'desc' }, disableIdentityMap: true } as const;
    const found = await this.unitOfWork.em.find(Invitation, where, page);
    const items = found.slice(0, limit).map((invitation) => this.summarize(invitation));
    return { items, next: found.length > limit ? items.at(-1)?.id : undefined };
  }

  /**
   * Returns what the page behind the link shows, to whoever has the token. Reads only, and records nothing: everybody may call it, so
   * limit how often.
   *
   * @throws InvitationInvalidError
   */
  async preview(token: string): Promise<InvitationPreview> {
    return this.answers.preview(token);
  }

  /**
   * Makes the actor a member of the tenant, if the invitation was sent to the address that they have verified. The role is the one that
   * was sent, and who has sent it has to be able to give it still. Of simultaneous calls one makes the membership; the others, and repeats
   * by the same user for as long as they are a member, return it. Who is a member already keeps the role that they have, and the invitation
   * is used up.
   *
   * @throws InvitationActorMissingError, InvitationImpersonatedError
   * @throws InvitationInvalidError for every token but one that is open, and for every person but whom it was sent to
   * @throws InvitationEmailNotVerifiedError, TenantNotActiveError, InviterAuthorityLostError, SeatLimitReachedError, and the invitation
   *   stays open
   */
  async accept(token: string): Promise<Membership> {
    return this.answers.accept(token);
  }

  /**
   * Says no. Who could accept can.
   *
   * @throws InvitationActorMissingError, InvitationImpersonatedError, InvitationInvalidError, InvitationEmailNotVerifiedError
   */
  async decline(token: string): Promise<void> {
    await this.answers.decline(token);
  }

  private async change(
    action: 'resend' | 'revoke',
    invitationId: string,
    apply: (invitation: Invitation, tenant: TenantCatalog) => Promise<Invitation>,
  ): Promise<InvitationSummary> {
    const id = assertId(invitationId, 'invitation');
    const known = await this.unitOfWork.em.findOne(Invitation, { id }, { disableIdentityMap: true });
    return this.refusals.recorded({ action, tenantId: known?.tenant.id ?? null, invitationId: id }, () =>
      this.unitOfWork.transactional(async (em) => {
        // Who is not in the tenant is told the same as where there is none.
        if (!(await this.authority.actorBelongsTo(known?.tenant.id)) || !known) throw new InvitationNotFoundError(id);
        const tenant = await this.locks.lock({ tenantId: known.tenant.id });
        const invitation = await em.findOne(Invitation, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
        if (!invitation) throw new InvitationNotFoundError(id);
        const act = { action: `${action}-invitation`, tenantId: tenant.id, grants: [grantOf(invitation)] };
        await this.authority.assertActorMay(act);
        const status = statusOfInvitation(invitation, this.clock.now());
        if (status !== 'open' && status !== 'expired') throw new InvitationEndedError(id, status);
        return this.summarize(await apply(invitation, tenant));
      }),
    );
  }

  private summarize(invitation: Invitation): InvitationSummary {
    return summarizeInvitation(invitation, this.clock.now());
  }
}
