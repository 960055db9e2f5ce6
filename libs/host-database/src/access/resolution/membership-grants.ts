import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { Membership, type MembershipKey, type MembershipRole, type Permission, RolesService } from '../../memberships/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { AccessChanges, AccessMemory } from '../changes/index.js';

/** What somebody is in a tenant, and may do there. It does not change: what is so later is another one. */
export interface MembershipGrant extends MembershipKey {
  readonly membershipId: string;
  readonly role: MembershipRole;
  /** One of the tenant's own roles. */
  readonly customRoleId: string | null;
  readonly permissions: ReadonlySet<Permission>;
  /** The id of the person's profile in the tenant's own database. */
  readonly profileId: string | null;
}

/** What people may do in tenants, remembered while changes are heard. */
@Injectable()
export class MembershipGrants {
  private readonly memory: AccessMemory<MembershipGrant | undefined>;

  constructor(
    changes: AccessChanges,
    @Inject(ACCESS_OPTIONS) { memory }: ResolvedAccessOptions,
    private readonly unitOfWork: UnitOfWork,
    private readonly roles: RolesService,
  ) {
    this.memory = new AccessMemory(changes, memory);
  }

  /** Returns it, or undefined for somebody who is no active member. Inside a transaction the database is asked, with what that has written. */
  async find(key: MembershipKey): Promise<MembershipGrant | undefined> {
    if (this.unitOfWork.isActive && this.unitOfWork.transactionEm) return this.read(key);
    const { userId, tenantId } = key;
    return this.memory.answer({
      key: `${userId}:${tenantId}`,
      subjects: [`user:${userId}`, `tenant:${tenantId}`],
      // In a unit of work of its own: that of the caller remembers what was.
      ask: () => this.unitOfWork.run(() => this.read(key)),
    });
  }

  private async read({ userId, tenantId }: MembershipKey): Promise<MembershipGrant | undefined> {
    const where = { user: userId, tenant: tenantId };
    const membership = await this.unitOfWork.em.findOne(Membership, where, { disableIdentityMap: true });
    if (!membership?.isActive) return undefined;
    const { role, permissions } = await this.roles.authorityOf(membership);
    return {
      userId,
      tenantId,
      membershipId: membership.id,
      role,
      customRoleId: membership.customRole?.id ?? null,
      permissions: permissions as ReadonlySet<Permission>,
      profileId: membership.profileId ?? null,
    };
  }
}
