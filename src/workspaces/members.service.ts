import { Injectable } from '@nestjs/common';
import { HostDatabase, type Membership } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { type MembershipRole, MembershipsService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { WorkspaceRolesService } from './workspace-roles.service.js';
import { UnknownEmailError } from './workspaces.errors.js';

/** A member to be. */
export interface NewMember {
  readonly workspaceId: string;
  readonly email: string;
  readonly role: MembershipRole;
}

/** Who grants which role: only an owner makes another one. */
const GRANTED_BY: Readonly<Record<MembershipRole, readonly MembershipRole[]>> = {
  owner: ['owner'],
  admin: ['owner', 'admin'],
  member: ['owner', 'admin'],
};

/** The members of a workspace: host data, which is there even while the workspace's own database is not. */
@Injectable()
export class MembersService {
  constructor(
    private readonly hostDatabase: HostDatabase,
    private readonly memberships: MembershipsService,
    private readonly users: UsersService,
    private readonly audit: AuditService,
    private readonly roles: WorkspaceRolesService,
  ) {}

  /** @throws TenantAccessDeniedError when the actor is not one of them */
  async findAll(workspaceId: string): Promise<Membership[]> {
    await this.roles.getOwn(workspaceId);
    return this.memberships.findByTenant(workspaceId);
  }

  /**
   * Makes a person who has signed up a member, and records who did so, in one transaction.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, UnknownEmailError, DuplicateMembershipError
   */
  async add({ workspaceId, email, role }: NewMember): Promise<Membership> {
    await this.roles.requireOneOf(workspaceId, GRANTED_BY[role]);
    const user = await this.users.findByEmail(email);
    if (!user) throw new UnknownEmailError(email);
    return this.hostDatabase.transactional(async () => {
      const membership = await this.memberships.grant({ userId: user.id, tenantId: workspaceId, role });
      await this.audit.record({
        eventType: 'workspaces.member-added',
        tenantId: workspaceId,
        targetId: workspaceId,
        details: { userId: user.id, role },
      });
      return membership;
    });
  }
}
