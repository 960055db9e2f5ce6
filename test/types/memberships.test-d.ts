// Compiles, or the promise that it states is broken. Nothing here runs.
import type { Membership } from 'nestjs-host-database';
import {
  definePermissions,
  type InferPermissions,
  type MembershipsService,
  type NewMembership,
  type NewTenantRole,
  type Permission,
  type TenantRoles,
} from 'nestjs-host-database/memberships';
import { type Equal, expectType } from './expect-type.js';

export const permissions = definePermissions({
  'typed-things.read': { role: 'member' },
  'typed-things.write': { role: 'admin' },
});

declare module 'nestjs-host-database/memberships' {
  interface PermissionTypes extends InferPermissions<typeof permissions> {}
  interface MembershipAttributes {
    readonly typedTheme?: 'dark' | 'light';
  }
}

// @ts-expect-error no such role
definePermissions({ 'typed-things.read': { role: 'emperor' } });

expectType<
  Equal<
    Extract<Permission, 'typed-things.write' | 'members.manage' | 'typed-things.erase'>,
    'typed-things.write' | 'members.manage'
  >
>();

export const role: NewTenantRole = { tenantId: '', name: 'Writer', permissions: ['typed-things.write', 'members.read'] };
// @ts-expect-error a permission that is misspelt
export const misspelt: NewTenantRole = { tenantId: '', name: 'Writer', permissions: ['typed-things.wirte'] };

export async function change(roles: TenantRoles, members: MembershipsService, membership: Membership): Promise<void> {
  await roles.update({ tenantId: '', roleId: '' }, { permissions: ['typed-things.read'] });
  // @ts-expect-error a permission that there is not
  await roles.update({ tenantId: '', roleId: '' }, { permissions: ['typed-things.erase'] });

  await members.setAttributes({ userId: '', tenantId: '', attributes: { typedTheme: 'dark' } });
  // @ts-expect-error no such theme
  await members.setAttributes({ userId: '', tenantId: '', attributes: { typedTheme: 'blue' } });
  expectType<Equal<NonNullable<Membership['metaAttributes']>['typedTheme'], 'dark' | 'light' | undefined>>();
  // What is not declared is unknown.
  expectType<Equal<NonNullable<typeof membership.metaAttributes>['anything'], unknown>>();
}

export const granted: NewMembership = { userId: '', tenantId: '', metaAttributes: { typedTheme: 'light' } };
// @ts-expect-error no such theme
export const refused: NewMembership = { userId: '', tenantId: '', metaAttributes: { typedTheme: 'blue' } };
