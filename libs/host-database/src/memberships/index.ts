export { auditMemberships } from './memberships.audit.js';
export { Invitation } from './invitations/invitation.entity.js';
export type { InvitationsOptions } from './invitations/invitations.options.js';
export { MEMBERSHIP_ROLES, type MembershipRole } from './membership-role.js';
export { Membership } from './membership.entity.js';
export { DuplicateMembershipError, LastOwnerError, type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';
export { MEMBERSHIPS_OPTIONS, type MembershipsOptions, resolveMembershipsOptions } from './memberships.options.js';
export {
  definePermissions,
  type InferPermissions,
  type Permission,
  type PermissionDefinition,
  type PermissionDefinitions,
  type PermissionTypes,
} from './roles/permissions.js';
export { TenantRole } from './roles/tenant-role.entity.js';
export { MembershipsModule } from './memberships.module.js';
export { MembershipsService, type NewMembership } from './memberships.service.js';
