import { Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser } from '../../users/index.js';
import { Membership } from '../membership.entity.js';
import { covers } from '../roles/authority.js';
import { type RoleGrant, RolesService } from '../roles/roles.service.js';
import { InvitationActorMissingError, InvitationForbiddenError, InvitationImpersonatedError } from './invitations.errors.js';

/** Who may invite whom, and who answers. Reads memberships and users anew: what a request remembers may be over. */
@Injectable()
export class InvitationAuthority {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly roles: RolesService,
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
   * Passes where the actor may invite to the tenant; with grants, with each of them.
   *
   * @throws InvitationActorMissingError, InvitationForbiddenError
   * @throws RoleNotFoundError when the tenant has no such role
   */
  async assertActorMayGive(tenantId: string, ...grants: readonly RoleGrant[]): Promise<void> {
    const userId = this.actorId();
    const isImpersonated = this.context.current.impersonatorUserId !== undefined;
    // Owners are not for an impersonator to make.
    const isPossible = this.isInScope(tenantId) && !(isImpersonated && grants.some(({ role }) => role === 'owner'));
    if (!isPossible || !(await this.mayGive(userId, tenantId, grants))) throw new InvitationForbiddenError(userId, tenantId);
  }

  /** Whether somebody, whoever they are to the context, may invite to the tenant with these grants. @throws RoleNotFoundError */
  async mayGive(userId: string, tenantId: string, grants: readonly RoleGrant[]): Promise<boolean> {
    const membership = await this.activeMembership(userId, tenantId);
    if (!membership) return false;
    const own = await this.roles.authorityOf(membership);
    if (!own.permissions.has('invitations.manage')) return false;
    for (const grant of grants) {
      if (!covers(own, await this.roles.authorityOfRole(tenantId, grant))) return false;
    }
    return true;
  }

  /** Whether the context leaves it open for which tenant the actor acts, or says this one. */
  private isInScope(tenantId: string): boolean {
    const { tenantId: current } = this.context.current;
    return current === undefined || current === tenantId;
  }

  private async activeMembership(userId: string, tenantId: string): Promise<Membership | null> {
    const { em } = this.unitOfWork;
    const user = await em.findOne(GlobalUser, { id: userId }, { refresh: true });
    if (!user || user.deactivatedAt != null) return null;
    return em.findOne(Membership, { user: userId, tenant: tenantId, isActive: true }, { refresh: true });
  }
}
