import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';

/** What somebody may do in a tenant. */
export interface Authority {
  readonly role: MembershipRole;
  readonly permissions: ReadonlySet<string>;
}

/** Whether the first role is at least the second. */
export function isAtLeast(role: MembershipRole, least: MembershipRole): boolean {
  return MEMBERSHIP_ROLES.indexOf(role) <= MEMBERSHIP_ROLES.indexOf(least);
}

/** Whether one may give the other: nobody gives what they do not have themselves. */
export function covers(one: Authority, other: Authority): boolean {
  return isAtLeast(one.role, other.role) && [...other.permissions].every((permission) => one.permissions.has(permission));
}
