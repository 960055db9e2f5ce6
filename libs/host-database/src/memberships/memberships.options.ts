import type { StandardSchemaV1 } from '@standard-schema/spec';
import { withDefaults } from '../common/index.js';
import { defaultInvitationsOptions, type InvitationsOptions } from './invitations/invitations.options.js';
import type { MembershipAttributes } from './membership-attributes.js';
import { assertPermissions } from './roles/assert-permissions.js';
import type { PermissionDefinitions } from './roles/permissions.js';

/** Injection token of the room's options, resolved. */
export const MEMBERSHIPS_OPTIONS = Symbol('nestjs-host-database:memberships-options');

/** Who may do what in a tenant. */
export interface MembershipsOptions {
  /** What the application's own routes ask for; see `definePermissions()`. */
  readonly permissions?: PermissionDefinitions;
  /** Checks what is kept in `metaAttributes`: any Standard Schema (zod, valibot, arktype). What it returns is stored. */
  readonly attributes?: StandardSchemaV1<unknown, MembershipAttributes>;
  readonly invitations?: Partial<InvitationsOptions>;
}

export interface ResolvedMembershipsOptions {
  readonly permissions: PermissionDefinitions;
  readonly attributes: StandardSchemaV1<unknown, MembershipAttributes> | undefined;
  readonly invitations: InvitationsOptions;
}

/** @throws InvalidOptionError */
export function resolveMembershipsOptions({
  permissions = {},
  attributes,
  invitations,
}: MembershipsOptions = {}): ResolvedMembershipsOptions {
  return {
    permissions: assertPermissions(permissions),
    attributes,
    invitations: withDefaults({ ...defaultInvitationsOptions }, invitations),
  };
}
