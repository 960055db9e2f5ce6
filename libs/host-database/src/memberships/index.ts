export { auditMemberships } from './memberships.audit.js';
export { Invitation } from './invitations/invitation.entity.js';
export type { InvitationsOptions } from './invitations/invitations.options.js';
export { MEMBERSHIP_ROLES, type MembershipRole } from './membership-role.js';
export { Membership } from './membership.entity.js';
export { DuplicateMembershipError, LastOwnerError, type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';
export { type MembershipChanged, MembershipEvents } from './memberships.events.js';
export { MEMBERSHIPS_OPTIONS, type MembershipsOptions, resolveMembershipsOptions } from './memberships.options.js';
export {
  definePermissions,
  type InferPermissions,
  type Permission,
  type PermissionDefinition,
  type PermissionDefinitions,
  type PermissionTypes,
} from './roles/permissions.js';
export { type Authority, covers, isAtLeast } from './roles/authority.js';
export { PermissionCatalogue } from './roles/permission-catalogue.js';
export {
  DuplicateRoleNameError,
  RoleInUseError,
  RoleLimitReachedError,
  RoleNotFoundError,
  UnknownPermissionError,
} from './roles/roles.errors.js';
export {
  type NewTenantRole,
  type RoleGrant,
  type RoleKey,
  ROLES_PER_TENANT,
  RolesService,
  type TenantRoleChanges,
} from './roles/roles.service.js';
export { TenantRole } from './roles/tenant-role.entity.js';
export { MembershipsModule } from './memberships.module.js';
export { MembershipsService, type NewMembership } from './memberships.service.js';
