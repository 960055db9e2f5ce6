import { definePermissions, type InferPermissions, builtInPermissions } from 'nestjs-host-database/memberships';

/** What members of a workspace may do in it, and who by themselves; roles that a workspace makes are put together from these. */
export const appPermissions = definePermissions({
  'projects.read': { role: 'member' },
  'projects.write': { role: 'member' },
  'audit-log.read': { role: 'admin' },
});

/** All that there are, the library's too. */
export const PERMISSION_NAMES: readonly string[] = Object.keys({ ...appPermissions, ...builtInPermissions }).toSorted();

declare module 'nestjs-host-database/memberships' {
  interface PermissionTypes extends InferPermissions<typeof appPermissions> {}
}
