export { auditMemberships } from './memberships.audit.js';
export {
  Invitation,
  INVITATION_STATUSES,
  InvitationActorMissingError,
  InvitationEmailNotVerifiedError,
  InvitationEndedError,
  InvitationImpersonatedError,
  InvitationInvalidError,
  InvitationNotFoundError,
  type InvitationPage,
  type InvitationPreview,
  InvitationSentTooSoonError,
  type InvitationsOptions,
  InvitationsService,
  type InvitationStatus,
  type InvitationSummary,
  InviterAuthorityLostError,
  type ListInvitationsOptions,
  type NewInvitation,
  TooManyInvitationsError,
} from './invitations/index.js';
export { MEMBERSHIP_ROLES, type MembershipRole } from './membership-role.js';
export { Membership } from './membership.entity.js';
export {
  type AuthorityRefusal,
  DuplicateMembershipError,
  ImpersonatedOwnerChangeError,
  InsufficientAuthorityError,
  InvalidMembershipAttributesError,
  LastOwnerError,
  type MembershipKey,
  MembershipNotFoundError,
  SeatLimitReachedError,
} from './memberships.errors.js';
export { type OwnershipTransfer, TenantMembers } from './acting/tenant-members.js';
export { TenantRoles } from './acting/tenant-roles.js';
export { type LockedRows, MembershipLocks } from './membership-locks.js';
export { type MembershipChanged, MembershipEvents } from './memberships.events.js';
export { MEMBERSHIPS_OPTIONS, type MembershipsOptions, resolveMembershipsOptions } from './memberships.options.js';
// Whole, so that an application can extend PermissionTypes and MembershipAttributes through this door.
export type * from './membership-attributes.js';
export * from './roles/permissions.js';
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
export { MembershipsService, type NewMembership, type RoleChange } from './memberships.service.js';
export { SEAT_LIMITS, type SeatLimits } from './seats/seat-limits.js';
