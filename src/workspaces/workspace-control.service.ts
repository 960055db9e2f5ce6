import { Injectable } from '@nestjs/common';
import type { TenantCatalog } from 'nestjs-host-database';
import { RoleRequiredError, TenantAccess } from 'nestjs-host-database/access';
import { AuditService } from 'nestjs-host-database/audit';
import { type MembershipRole, MembershipsService } from 'nestjs-host-database/memberships';
import { effectiveStatus, TenantsService, type TenantStatus } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { ActorService } from '../auth/actor.service.js';
import { WorkspaceHeldError } from './workspaces.errors.js';

/** As what somebody decides on the life of a workspace. */
export type WorkspaceController = 'administrator' | 'owner';

/** Who may close a workspace, take it back and end it. Refusals are recorded. */
@Injectable()
export class WorkspaceControlService {
  constructor(
    private readonly tenants: TenantsService,
    private readonly memberships: MembershipsService,
    private readonly users: UsersService,
    private readonly access: TenantAccess,
    private readonly audit: AuditService,
    private readonly actor: ActorService,
  ) {}

  /**
   * System administrators may in any case; owners unless the workspace is suspended, was so before it was closed, or was closed by somebody
   * else than its own people: they would take back what the administrators have done.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, WorkspaceHeldError, InvalidIdError
   */
  async require(workspaceId: string): Promise<WorkspaceController> {
    if ((await this.users.findById(this.actor.id))?.isSysAdmin) return 'administrator';
    const { role } = await this.access.requireMembership(workspaceId);
    if (role !== 'owner') {
      await this.recordRefusal(workspaceId, { heldRole: role });
      throw new RoleRequiredError('owner');
    }
    const tenant = await this.tenants.getById(workspaceId);
    if (!(await this.isHeld(tenant))) return 'owner';
    await this.recordRefusal(workspaceId, { status: tenant.status });
    throw new WorkspaceHeldError(workspaceId);
  }

  private async recordRefusal(
    workspaceId: string,
    details: { heldRole: MembershipRole } | { status: TenantStatus },
  ): Promise<void> {
    await this.audit.recordDetached({
      eventType: 'workspaces.control-refused',
      tenantId: workspaceId,
      targetId: workspaceId,
      outcome: 'denied',
      details,
    });
  }

  private async isHeld(tenant: TenantCatalog): Promise<boolean> {
    const status = effectiveStatus(tenant);
    if (status === 'suspended') return true;
    if (status !== 'archived' && status !== 'pending_deletion') return false;
    if (tenant.archivedFrom === 'suspended' || tenant.deletionFrom === 'suspended') return true;
    return !(await this.isOneOfItsPeople(tenant.id, tenant.closedBy));
  }

  /** Also one who has left. An administrator is none, whom the owners could have made a member since. */
  private async isOneOfItsPeople(tenantId: string, userId: string | null | undefined): Promise<boolean> {
    if (userId == null) return false;
    if (userId === this.actor.id) return true;
    const membership = await this.memberships.find({ userId, tenantId });
    return membership !== null && (await this.users.findById(userId))?.isSysAdmin === false;
  }
}
