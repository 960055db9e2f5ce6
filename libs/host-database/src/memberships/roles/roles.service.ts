import { ForeignKeyConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, assertText, Clock, InvalidInputError } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import { MembershipLocks } from '../membership-locks.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';
import type { Membership } from '../membership.entity.js';
import { MembershipNotFoundError } from '../memberships.errors.js';
import { MembershipEvents } from '../memberships.events.js';
import type { Authority } from './authority.js';
import { PermissionCatalogue } from './permission-catalogue.js';
import type { Permission } from './permissions.js';
import { RoleReferences } from './role-references.js';
import { DuplicateRoleNameError, RoleInUseError, RoleLimitReachedError, RoleNotFoundError } from './roles.errors.js';
import { ROLE_NAME_UNIQUE, TenantRole } from './tenant-role.entity.js';

/** How many roles of its own a tenant has at most. */
export const ROLES_PER_TENANT = 100;

const NAME_MAX_LENGTH = 63;

/** A base role, and for a `member` a role of the tenant's own. */
export interface RoleGrant {
  readonly role: MembershipRole;
  /** One of the tenant's own roles, for a `member` only. None: what every member may do. */
  readonly customRoleId?: string | null | undefined;
}

/** A role of a tenant. */
export interface RoleKey {
  readonly tenantId: string;
  readonly roleId: string;
}

/** A role to be. */
export interface NewTenantRole {
  readonly tenantId: string;
  /** 1 to 63 characters, unique in the tenant, and none of `owner`, `admin` and `member`. */
  readonly name: string;
  /** All that its members may do: what every member may do is not added. */
  readonly permissions: readonly Permission[];
}

/** What is to be different. */
export type TenantRoleChanges = Partial<Pick<NewTenantRole, 'name' | 'permissions'>>;

/**
 * The roles that tenants have made for themselves, and what anybody may do. Asks nobody whether they may: what people do goes through
 * `TenantRoles`. Changes join the caller's transaction and wait for others to the same tenant; they count from the commit.
 */
@Injectable()
export class RolesService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly catalogue: PermissionCatalogue,
    private readonly locks: MembershipLocks,
    private readonly references: RoleReferences,
    private readonly events: MembershipEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns what a member may do: an owner everything, an admin what is declared for admins and members, a member what is declared for
   * members, or, with a role of the tenant's own, exactly what that says. Reads that role anew.
   *
   * @throws MembershipNotFoundError when the membership has ended
   */
  async authorityOf(membership: Membership): Promise<Authority> {
    const { role, customRole, isActive } = membership;
    const tenantId = membership.tenant.id;
    if (!isActive) throw new MembershipNotFoundError({ userId: membership.user.id, tenantId });
    return this.authorityOfRole(tenantId, { role, customRoleId: role === 'member' ? customRole?.id : null });
  }

  /**
   * Returns what somebody with this role could do in the tenant.
   *
   * @throws RoleNotFoundError, InvalidInputError, InvalidIdError
   */
  async authorityOfRole(tenantId: string, { role, customRoleId }: RoleGrant): Promise<Authority> {
    if (customRoleId == null) return { role, permissions: this.catalogue.ofRole(role) };
    const { permissions } = await this.resolve(tenantId, { role, customRoleId });
    return { role, permissions: this.catalogue.known(permissions) };
  }

  /** Returns what a role with these permissions could do. @throws UnknownPermissionError, InvalidInputError */
  authorityOfPermissions(permissions: readonly Permission[]): Authority {
    return { role: 'member', permissions: new Set(this.catalogue.assertKnown(permissions)) };
  }

  /**
   * Makes a role.
   *
   * @throws InvalidInputError, UnknownPermissionError, DuplicateRoleNameError, RoleLimitReachedError, TenantNotFoundError
   */
  async create({ tenantId, name, permissions }: NewTenantRole): Promise<TenantRole> {
    const facts = { name: assertName(name), permissions: this.catalogue.assertKnown(permissions) };
    assertId(tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      const tenant = await this.locks.lock({ tenantId });
      if ((await em.count(TenantRole, { tenant: tenantId })) >= ROLES_PER_TENANT) {
        throw new RoleLimitReachedError(tenantId, ROLES_PER_TENANT);
      }
      const now = this.clock.now();
      const role = em.create(TenantRole, { ...facts, tenant, createdAt: now, updatedAt: now });
      await this.write(tenantId, facts.name);
      return role;
    });
  }

  /**
   * Changes a role, for all who have it from their next request on.
   *
   * @throws InvalidInputError, UnknownPermissionError, RoleNotFoundError, DuplicateRoleNameError
   */
  async update({ tenantId, roleId }: RoleKey, { name, permissions }: TenantRoleChanges): Promise<TenantRole> {
    const facts = {
      ...(name !== undefined && { name: assertName(name) }),
      ...(permissions !== undefined && { permissions: this.catalogue.assertKnown(permissions) }),
    };
    assertId(tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      await this.locks.lock({ tenantId });
      const role = await this.get({ tenantId, roleId });
      em.assign(role, { ...facts, updatedAt: this.clock.now() });
      await this.write(tenantId, role.name);
      this.events.changed({ tenantId });
      return role;
    });
  }

  /**
   * Removes a role that nobody has. Ended memberships, and invitations that can no longer be accepted, do not keep it.
   *
   * @throws RoleNotFoundError, RoleInUseError
   */
  async remove({ tenantId, roleId }: RoleKey): Promise<void> {
    assertId(tenantId, 'tenant');
    await this.unitOfWork.transactional(async (em) => {
      await this.locks.lock({ tenantId });
      const role = await this.get({ tenantId, roleId });
      await this.references.release(role);
      try {
        // The foreign keys know of an invitation that is being written now.
        await em.remove(role).flush();
      } catch (cause) {
        if (cause instanceof ForeignKeyConstraintViolationException) throw new RoleInUseError(tenantId, roleId, { cause });
        throw cause;
      }
    });
  }

  /** Returns the tenant's own roles, by name. */
  async list(tenantId: string): Promise<TenantRole[]> {
    return this.unitOfWork.em.find(TenantRole, { tenant: assertId(tenantId, 'tenant') }, { orderBy: { name: 'asc', id: 'asc' } });
  }

  /** Returns a role of the tenant as it is in the database now. @throws RoleNotFoundError, InvalidIdError */
  async get({ tenantId, roleId }: RoleKey): Promise<TenantRole> {
    const where = { id: assertId(roleId, 'role'), tenant: assertId(tenantId, 'tenant') };
    const role = await this.unitOfWork.em.findOne(TenantRole, where, { refresh: true });
    if (!role) throw new RoleNotFoundError(tenantId, roleId);
    return role;
  }

  /**
   * Returns the tenant's own role that is to be given.
   *
   * @throws RoleNotFoundError, and InvalidInputError where it goes with another base role than `member`
   */
  async resolve(tenantId: string, { role, customRoleId }: { readonly customRoleId: string } & RoleGrant): Promise<TenantRole> {
    if (role !== 'member') {
      throw new InvalidInputError('customRoleId', `goes with the role member, not with ${role}. Leave one of the two out.`);
    }
    return this.get({ tenantId, roleId: customRoleId });
  }

  private async write(tenantId: string, name: string): Promise<void> {
    try {
      await this.unitOfWork.em.flush();
    } catch (cause) {
      if (violatesUnique(cause, ROLE_NAME_UNIQUE)) throw new DuplicateRoleNameError(tenantId, name, { cause });
      throw cause;
    }
  }
}

function assertName(given: string): string {
  const name = assertText(given, 'name', NAME_MAX_LENGTH);
  // Two roles of which one is everything and the other is not must not look alike.
  if (MEMBERSHIP_ROLES.some((role) => role === name.toLowerCase())) {
    throw new InvalidInputError('name', `must not be ${name}, which every tenant has. Choose another one.`);
  }
  return name;
}
