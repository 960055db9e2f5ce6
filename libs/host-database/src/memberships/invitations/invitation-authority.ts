import { Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser } from '../../users/index.js';
import { Membership } from '../membership.entity.js';
import { type AuthorityRefusal, InsufficientAuthorityError } from '../memberships.errors.js';
import { OwnerRule } from '../owners/owner-rule.js';
import { covers } from '../roles/authority.js';
import { type RoleGrant, RolesService } from '../roles/roles.service.js';
import { InvitationActorMissingError, InvitationImpersonatedError } from './invitations.errors.js';

/** What the actor of the context wants to do about invitations of a tenant. */
export interface InvitationAct {
  readonly tenantId: string;
  /** By which refusals tell of it, such as `create-invitation`. */
  readonly action: string;
  /** What it would give. */
  readonly grants?: readonly RoleGrant[];
}

/** Who may invite whom, and who answers. Reads memberships and users anew: what a request remembers may be over. */
@Injectable()
export class InvitationAuthority {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly roles: RolesService,
    private readonly owners: OwnerRule,
  ) {}

  /** The id of the actor. @throws InvitationActorMissingError */
  actorId(): string {
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new InvitationActorMissingError();
    return actorUserId;
  }

  /** The id of the actor, who is there in person. @throws InvitationActorMissingError, InvitationImpersonatedError */
  inviteeId(): string {
    if (this.context.current.impersonatorUserId !== undefined) throw new InvitationImpersonatedError();
    return this.actorId();
  }

  /** Whether the actor belongs to the tenant now, in the scope of the context. @throws InvitationActorMissingError */
  async actorBelongsTo(tenantId: string | undefined): Promise<boolean> {
    const userId = this.actorId();
    if (tenantId === undefined || !this.isInScope(tenantId)) return false;
    return (await this.activeMembership(userId, tenantId)) !== null;
  }

  /**
   * Passes where the actor may invite to the tenant, and has all that it gives.
   *
   * @throws InvitationActorMissingError, InsufficientAuthorityError
   * @throws ImpersonatedOwnerChangeError when it makes an owner, and somebody acts as the actor
   * @throws RoleNotFoundError when the tenant has no such role
   */
  async assertActorMay({ tenantId, action, grants = [] }: InvitationAct): Promise<void> {
    const userId = this.actorId();
    const reason = this.isInScope(tenantId) ? await this.lackOf(userId, tenantId, grants) : 'not-a-member';
    if (reason !== undefined) throw new InsufficientAuthorityError(tenantId, action, reason);
    if (grants.some(({ role }) => role === 'owner')) this.owners.assertMayChangeOwners();
  }

  /** What keeps somebody, whoever they are to the context, from inviting to the tenant with these grants. @throws RoleNotFoundError */
  async lackOf(userId: string, tenantId: string, grants: readonly RoleGrant[]): Promise<AuthorityRefusal | undefined> {
    const membership = await this.activeMembership(userId, tenantId);
    if (!membership) return 'not-a-member';
    const own = await this.roles.authorityOf(membership);
    if (!own.permissions.has('invitations.manage')) return 'permission-missing';
    for (const grant of grants) {
      if (!covers(own, await this.roles.authorityOfRole(tenantId, grant))) return 'above-own-authority';
    }
    return undefined;
  }

  /** Whether the context leaves it open for which tenant the actor acts, or says this one. */
  private isInScope(tenantId: string): boolean {
    const { tenantId: current } = this.context.current;
    return current === undefined || current === tenantId;
  }

  private async activeMembership(userId: string, tenantId: string): Promise<Membership | null> {
    const { em } = this.unitOfWork;
    const user = await em.findOne(GlobalUser, { id: userId }, { disableIdentityMap: true });
    if (!user || user.deactivatedAt != null) return null;
    return em.findOne(Membership, { user: userId, tenant: tenantId, isActive: true }, { refresh: true });
  }
}
