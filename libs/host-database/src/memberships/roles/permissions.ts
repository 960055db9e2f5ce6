import { InvalidOptionError } from '../../common/index.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';

/**
 * The permissions that there are, by their names; the application adds its own by interface augmentation:
 *
 * ```ts
 * declare module 'nestjs-host-database/memberships' {
 *   interface PermissionTypes extends InferPermissions<typeof permissions> {}
 * }
 * ```
 */
export interface PermissionTypes extends InferPermissions<typeof builtInPermissions> {}

/** The name of a permission: `<things>.<verb>`. */
export type Permission = Extract<keyof PermissionTypes, string>;

/** What there is to say of one. */
export interface PermissionDefinition {
  /** The least role that has it by itself. An owner has all. */
  readonly role: MembershipRole;
}

export type PermissionDefinitions = Readonly<Record<string, PermissionDefinition>>;

/** The names of some definitions, for {@link PermissionTypes}. */
export type InferPermissions<T extends PermissionDefinitions> = { readonly [Name in keyof T]: true };

const NAME_PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
const NAME_MAX_LENGTH = 127;

/** Keeps the names as types. @throws InvalidOptionError where one is not written as `things.verb` */
export function definePermissions<const T extends PermissionDefinitions>(definitions: T): T {
  for (const name of Object.keys(definitions)) {
    if (!NAME_PATTERN.test(name) || name.length > NAME_MAX_LENGTH) {
      throw new InvalidOptionError(
        'memberships.permissions',
        `has '${name}'. Name it as in 'projects.write', in lower case, with at most ${NAME_MAX_LENGTH} characters.`,
      );
    }
  }
  return definitions;
}

/** What the library itself asks for. */
export const builtInPermissions = definePermissions({
  /** See who is in the tenant. */
  'members.read': { role: 'member' },
  /** Add, remove and change members, of no higher role than one's own. */
  'members.manage': { role: 'admin' },
  /** Invite people, take invitations back. */
  'invitations.manage': { role: 'admin' },
  /** Make, change and remove the tenant's own roles. */
  'roles.manage': { role: 'admin' },
  /** Give the tenant to somebody else. */
  'tenant.transfer': { role: 'owner' },
});

/** @throws InvalidOptionError where a name is not written as one, or is the library's own */
export function assertPermissions(definitions: PermissionDefinitions): PermissionDefinitions {
  for (const [name, { role }] of Object.entries(definePermissions(definitions))) {
    if (Object.hasOwn(builtInPermissions, name)) {
      throw new InvalidOptionError('memberships.permissions', `has '${name}', which is the library's own. Choose another name.`);
    }
    if (!MEMBERSHIP_ROLES.includes(role)) {
      throw new InvalidOptionError(
        'memberships.permissions',
        `gives '${name}' to '${role}'. Use ${MEMBERSHIP_ROLES.join(', ')}.`,
      );
    }
  }
  return definitions;
}
