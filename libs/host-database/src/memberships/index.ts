export { auditMemberships } from './memberships.audit.js';
export { Membership, MEMBERSHIP_ROLES, type MembershipRole } from './membership.entity.js';
export { DuplicateMembershipError, LastOwnerError, type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';
export { MembershipsModule } from './memberships.module.js';
export { MembershipsService, type NewMembership } from './memberships.service.js';
