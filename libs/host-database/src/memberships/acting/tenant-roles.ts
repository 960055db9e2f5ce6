import { Injectable } from '@nestjs/common';
import { assertId } from '../../common/index.js';
import { type NewTenantRole, type RoleKey, RolesService, type TenantRoleChanges } from '../roles/roles.service.js';
import type { TenantRole } from '../roles/tenant-role.entity.js';
import { ActingMembers } from './acting-members.js';

/**
 * What people do to the roles of their tenants (`roles.manage`): nobody makes a role that may do what they may not, nor touches one that
 * does. What an application does by itself goes through `RolesService`, which asks nobody. Transactions and refusals as in `TenantMembers`.
 */
@Injectable()
export class TenantRoles {
  constructor(
    private readonly acting: ActingMembers,
    private readonly roles: RolesService,
  ) {}

  /** Makes a role. @throws InsufficientAuthorityError, and whatever `RolesService.create()` throws */
  async create(role: NewTenantRole): Promise<TenantRole> {
    const { tenantId } = role;
    return this.acting.act({ name: 'create-role', tenantId, permission: 'roles.manage' }, async (actor) => {
      actor.assertCovers(this.roles.authorityOfPermissions(role.permissions));
      return this.roles.create(role);
    });
  }

  /**
   * Changes a role, the actor's own too, for all who have it.
   *
   * @throws InsufficientAuthorityError, and whatever `RolesService.update()` throws
   */
  async update(key: RoleKey, changes: TenantRoleChanges): Promise<TenantRole> {
    return this.acting.act(manage('update-role', key), async (actor) => {
      actor.assertCovers(await this.roles.authorityOfRole(key.tenantId, { role: 'member', customRoleId: key.roleId }));
      if (changes.permissions) actor.assertCovers(this.roles.authorityOfPermissions(changes.permissions));
      return this.roles.update(key, changes);
    });
  }

  /** Removes a role that nobody has. @throws InsufficientAuthorityError, RoleNotFoundError, RoleInUseError */
  async remove(key: RoleKey): Promise<void> {
    return this.acting.act(manage('remove-role', key), async (actor) => {
      actor.assertCovers(await this.roles.authorityOfRole(key.tenantId, { role: 'member', customRoleId: key.roleId }));
      return this.roles.remove(key);
    });
  }
}

function manage(name: string, { tenantId, roleId }: RoleKey) {
  return { name, tenantId, permission: 'roles.manage', target: { type: 'role', id: assertId(roleId, 'role') } } as const;
}
