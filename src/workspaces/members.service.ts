import { Injectable } from '@nestjs/common';
import { HostDatabase, type Membership } from 'nestjs-host-database';
import { TenantAccessDeniedError } from 'nestjs-host-database/access';
import { AuditService } from 'nestjs-host-database/audit';
import { type MembershipRole, MembershipsService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { ActorService } from '../auth/actor.service.js';
import { RoleRequiredError, UnknownEmailError } from './workspaces.errors.js';

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
    private readonly actor: ActorService,
  ) {}

  /** @throws TenantAccessDeniedError when the actor is not one of them */
  async findAll(workspaceId: string): Promise<Membership[]> {
    await this.getOwnRole(workspaceId);
    return this.memberships.findByTenant(workspaceId);
  }

  /**
   * Makes a person who has signed up a member, and records who did so, in one transaction.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, UnknownEmailError, DuplicateMembershipError
   */
  async add({ workspaceId, email, role }: NewMember): Promise<Membership> {
    const ownRole = await this.getOwnRole(workspaceId);
    if (!GRANTED_BY[role].includes(ownRole)) throw new RoleRequiredError(GRANTED_BY[role]);
    const user = await this.users.findByEmail(email);
    if (!user) throw new UnknownEmailError(email);
    return this.hostDatabase.transactional(async () => {
      const membership = await this.memberships.grant({ userId: user.id, tenantId: workspaceId, role });
      await this.audit.record({
        eventType: 'workspaces.member-added',
        targetId: workspaceId,
        details: { userId: user.id, role },
      });
      return membership;
    });
  }

  private async getOwnRole(workspaceId: string): Promise<MembershipRole> {
    const membership = await this.memberships.find({ userId: this.actor.id, tenantId: workspaceId });
    if (!membership?.isActive) throw new TenantAccessDeniedError(workspaceId);
    return membership.role;
  }
}
