import { Injectable } from '@nestjs/common';
import { HostDatabase, type Membership } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import {
  type MembershipRole,
  MembershipsService,
  type OwnershipTransfer,
  type RoleChange,
  TenantMembers,
} from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { UnknownEmailError } from './workspaces.errors.js';

/** A member to be. */
export interface NewMember {
  readonly workspaceId: string;
  readonly email: string;
  readonly role: MembershipRole;
  readonly customRoleId?: string | null;
}

/** The members of a workspace, with their users loaded. What the actor may do to them is up to the library. */
@Injectable()
export class MembersService {
  constructor(
    private readonly hostDatabase: HostDatabase,
    private readonly members: TenantMembers,
    private readonly memberships: MembershipsService,
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  async findAll(workspaceId: string): Promise<Membership[]> {
    return this.memberships.findByTenant(workspaceId);
  }

  /**
   * Makes a person who has signed up a member, and records who did so, in one transaction.
   *
   * @throws UnknownEmailError, and whatever `TenantMembers.add()` throws
   */
  async add({ workspaceId: tenantId, email, ...grant }: NewMember): Promise<Membership> {
    const user = await this.users.findByEmail(email);
    if (!user) throw new UnknownEmailError(email);
    return this.hostDatabase.transactional(async () => {
      const membership = await this.members.add({ userId: user.id, tenantId, ...grant });
      await this.audit.record({
        eventType: 'workspaces.member-added',
        tenantId,
        targetId: tenantId,
        details: { userId: user.id, role: grant.role },
      });
      return membership;
    });
  }

  /** @throws whatever `TenantMembers.changeRole()` throws */
  async changeRole(change: RoleChange): Promise<Membership> {
    return this.withUser(await this.members.changeRole(change));
  }

  /** Returns the new owner. @throws whatever `TenantMembers.transferOwnership()` throws */
  async transferOwnership(transfer: OwnershipTransfer): Promise<Membership> {
    return this.withUser(await this.members.transferOwnership(transfer));
  }

  private async withUser(membership: Membership): Promise<Membership> {
    await membership.user.loadOrFail();
    return membership;
  }
}
