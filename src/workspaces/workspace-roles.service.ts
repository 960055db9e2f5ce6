import { Injectable } from '@nestjs/common';
import { TenantAccess } from 'nestjs-host-database/access';
import { AuditService } from 'nestjs-host-database/audit';
import type { MembershipRole } from 'nestjs-host-database/memberships';
import { RoleRequiredError } from './workspaces.errors.js';

/** What the actor is in a workspace: host data, which is there even while the workspace's own database is not. Refusals are recorded. */
@Injectable()
export class WorkspaceRolesService {
  constructor(
    private readonly access: TenantAccess,
    private readonly audit: AuditService,
  ) {}

  /** @throws TenantAccessDeniedError when the actor is not a member, InvalidIdError */
  async getOwn(workspaceId: string): Promise<MembershipRole> {
    return (await this.access.requireMembership(workspaceId)).role;
  }

  /** @throws TenantAccessDeniedError, InvalidIdError, RoleRequiredError when the actor's role is none of these */
  async requireOneOf(workspaceId: string, allowed: readonly MembershipRole[]): Promise<void> {
    const role = await this.getOwn(workspaceId);
    if (allowed.includes(role)) return;
    await this.audit.recordDetached({
      eventType: 'workspaces.role-refused',
      tenantId: workspaceId,
      targetId: workspaceId,
      outcome: 'denied',
      details: { heldRole: role, allowedRoles: [...allowed] },
    });
    throw new RoleRequiredError(allowed);
  }
}
