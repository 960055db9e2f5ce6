import { withDefaults } from '../common/index.js';
import { defaultInvitationsOptions, type InvitationsOptions } from './invitations/invitations.options.js';
import { assertPermissions, type PermissionDefinitions } from './roles/permissions.js';

/** Injection token of the room's options, resolved. */
export const MEMBERSHIPS_OPTIONS = Symbol('nestjs-host-database:memberships-options');

/** Who may do what in a tenant. */
export interface MembershipsOptions {
  /** What the application's own routes ask for; see `definePermissions()`. */
  readonly permissions?: PermissionDefinitions;
  readonly invitations?: Partial<InvitationsOptions>;
}

export interface ResolvedMembershipsOptions {
  readonly permissions: PermissionDefinitions;
  readonly invitations: InvitationsOptions;
}

/** @throws InvalidOptionError */
export function resolveMembershipsOptions({
  permissions = {},
  invitations,
}: MembershipsOptions = {}): ResolvedMembershipsOptions {
  return { permissions: assertPermissions(permissions), invitations: withDefaults({ ...defaultInvitationsOptions }, invitations) };
}
