import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, assertOneOf, InvalidInputError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';
import type { Membership } from '../membership.entity.js';
import type { MembershipKey } from '../memberships.errors.js';
import { MembershipsService, type NewMembership, type RoleChange } from '../memberships.service.js';
import { OwnerRule } from '../owners/owner-rule.js';
import { readMember } from '../read-member.js';
import { RolesService } from '../roles/roles.service.js';
import { ActingMembers } from './acting-members.js';

/** Who is to own a tenant. */
export interface OwnershipTransfer {
  readonly tenantId: string;
  /** A member of the tenant. */
  readonly toUserId: string;
  /** What the owner who gives it away becomes. @default 'admin' */
  readonly becomes?: Exclude<MembershipRole, 'owner'>;
}

/**
 * What people do to the members of their tenants: the actor of the context needs the permission for it, and nobody gives, changes or takes
 * away what is above themselves. What an application does by itself goes through `MembershipsService`, which asks nobody.
 *
 * Each joins the caller's transaction, and waits for other changes to the same tenant's members. A refusal is recorded as
 * `memberships.refused`, and stays when the transaction is rolled back.
 */
@Injectable()
export class TenantMembers {
  constructor(
    private readonly acting: ActingMembers,
    private readonly memberships: MembershipsService,
    private readonly roles: RolesService,
    private readonly owners: OwnerRule,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
  ) {}

  /**
   * Makes somebody a member (`members.manage`), of no more authority than the actor's.
   *
   * @throws InsufficientAuthorityError, and whatever `MembershipsService.grant()` throws
   */
  async add(member: NewMembership): Promise<Membership> {
    const { tenantId, userId, customRoleId } = member;
    const role = assertOneOf(member.role ?? 'member', MEMBERSHIP_ROLES, 'role');
    const newOwnerId = role === 'owner' ? userId : undefined;
    return this.acting.act({ ...manage('add-member', { tenantId, userId }), newOwnerId }, async (actor) => {
      actor.assertCovers(await this.roles.authorityOfRole(tenantId, { role, customRoleId }));
      return this.memberships.grant({ ...member, role });
    });
  }

  /**
   * Gives a member another role (`members.manage`): neither they have more authority than the actor, nor will they.
   *
   * @throws InsufficientAuthorityError, and whatever `MembershipsService.changeRole()` throws
   */
  async changeRole(change: RoleChange): Promise<Membership> {
    const { tenantId, userId, customRoleId } = change;
    const role = assertOneOf(change.role, MEMBERSHIP_ROLES, 'role');
    const newOwnerId = role === 'owner' ? userId : undefined;
    return this.acting.act({ ...manage('change-role', { tenantId, userId }), newOwnerId }, async (actor) => {
      actor.assertCovers(await this.roles.authorityOf(await readMember(this.unitOfWork.em, { tenantId, userId })));
      actor.assertCovers(await this.roles.authorityOfRole(tenantId, { role, customRoleId }));
      return this.memberships.changeRole(change);
    });
  }

  /**
   * Ends somebody's membership (`members.manage`), who has no more authority than the actor.
   *
   * @throws InsufficientAuthorityError, MembershipNotFoundError, LastOwnerError, ImpersonatedOwnerChangeError
   */
  async remove({ tenantId, userId }: MembershipKey): Promise<Membership> {
    return this.acting.act(manage('remove-member', { tenantId, userId }), async (actor) => {
      actor.assertCovers(await this.roles.authorityOf(await readMember(this.unitOfWork.em, { tenantId, userId })));
      return this.memberships.end({ tenantId, userId });
    });
  }

  /**
   * Ends the actor's own membership, which every member may.
   *
   * @throws InsufficientAuthorityError when they are no member
   * @throws LastOwnerError, ImpersonatedOwnerChangeError
   */
  async leave(tenantId: string): Promise<Membership> {
    return this.acting.act({ name: 'leave-tenant', tenantId }, ({ userId }) => this.memberships.end({ tenantId, userId }));
  }

  /**
   * Makes a member the owner instead of the actor (`tenant.transfer`), both at once. Other owners stay. Recorded as
   * `memberships.ownership-transferred`.
   *
   * @throws InsufficientAuthorityError when the actor is not an owner
   * @throws MembershipNotFoundError, UserDeactivatedError, ImpersonatedOwnerChangeError, InvalidInputError
   */
  async transferOwnership({ tenantId, toUserId, becomes = 'admin' }: OwnershipTransfer): Promise<Membership> {
    const target = { type: 'user', id: assertId(toUserId, 'user') } as const;
    const role = assertOneOf(becomes, ['admin', 'member'], 'becomes');
    const action = { name: 'transfer-ownership', tenantId, permission: 'tenant.transfer', newOwnerId: toUserId, target } as const;
    return this.acting.act(action, async (actor) => {
      actor.assertCovers(await this.roles.authorityOfRole(tenantId, { role: 'owner' }));
      this.owners.assertMayChangeOwners();
      if (actor.userId === toUserId) throw new InvalidInputError('toUserId', 'is the actor. Pass another member of the tenant.');
      const owner = await this.memberships.changeRole({ tenantId, userId: toUserId, role: 'owner' });
      await this.memberships.changeRole({ tenantId, userId: actor.userId, role });
      await this.audit.record({
        eventType: 'memberships.ownership-transferred',
        tenantId,
        targetId: toUserId,
        details: { from: actor.userId, becomes: role },
      });
      return owner;
    });
  }
}

function manage(name: string, { tenantId, userId }: MembershipKey) {
  return { name, tenantId, permission: 'members.manage', target: { type: 'user', id: assertId(userId, 'user') } } as const;
}
