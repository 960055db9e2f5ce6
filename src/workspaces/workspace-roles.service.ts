import { Injectable } from '@nestjs/common';
import { TenantAccessDeniedError } from 'nestjs-host-database/access';
import { type MembershipRole, MembershipsService } from 'nestjs-host-database/memberships';
import { ActorService } from '../auth/actor.service.js';
import { RoleRequiredError } from './workspaces.errors.js';

/** What the actor is in a workspace: host data, which is there even while the workspace's own database is not. */
@Injectable()
export class WorkspaceRolesService {
  constructor(
    private readonly memberships: MembershipsService,
    private readonly actor: ActorService,
  ) {}

  /** @throws TenantAccessDeniedError when the actor is not a member */
  async getOwn(workspaceId: string): Promise<MembershipRole> {
    const membership = await this.memberships.find({ userId: this.actor.id, tenantId: workspaceId });
    if (!membership?.isActive) throw new TenantAccessDeniedError(workspaceId);
    return membership.role;
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError when the actor's role is none of these */
  async requireOneOf(workspaceId: string, allowed: readonly MembershipRole[]): Promise<void> {
    if (!allowed.includes(await this.getOwn(workspaceId))) throw new RoleRequiredError(allowed);
  }
}
