import { InvalidOptionError } from '../../common/index.js';
import { MEMBERSHIP_ROLES } from '../membership-role.js';
import { definePermissions, builtInPermissions, type PermissionDefinitions } from './permissions.js';

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
