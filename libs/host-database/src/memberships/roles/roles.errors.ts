import { HostDatabaseError } from '../../common/index.js';

/** A name is not that of a permission. Nothing was written. */
export class UnknownPermissionError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_UNKNOWN_PERMISSION';

  constructor(
    readonly permission: string,
    /** The one whose name is most like it. */
    readonly nearest: string,
  ) {
    super(
      `There is no permission '${permission}'. Did you mean '${nearest}'? Declare it in the option memberships.permissions, or correct the name.`,
    );
  }
}

/** The tenant has no such role. Nothing was written. */
export class RoleNotFoundError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_ROLE_NOT_FOUND';

  constructor(
    readonly tenantId: string,
    readonly roleId: string,
  ) {
    super(`Tenant ${tenantId} has no role ${roleId}. Pass the id of one of those that list() returns.`);
  }
}

/** The tenant has a role of this name already. Nothing was written. */
export class DuplicateRoleNameError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_DUPLICATE_ROLE_NAME';

  constructor(
    readonly tenantId: string,
    readonly roleName: string,
    options?: ErrorOptions,
  ) {
    super(`Tenant ${tenantId} has a role '${roleName}' already. Change that one, or choose another name.`, options);
  }
}

/** Members or open invitations have the role. Nothing was written. */
export class RoleInUseError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_ROLE_IN_USE';

  constructor(
    readonly tenantId: string,
    readonly roleId: string,
    options?: ErrorOptions,
  ) {
    super(
      `Role ${roleId} of tenant ${tenantId} is in use. Give its members another role and revoke the invitations to it, then remove it.`,
      options,
    );
  }
}

/** The tenant has as many roles of its own as it may have. Nothing was written. */
export class RoleLimitReachedError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_ROLE_LIMIT_REACHED';

  constructor(
    readonly tenantId: string,
    readonly limit: number,
  ) {
    super(`Tenant ${tenantId} has ${limit} roles, and no tenant has more. Remove one that nobody has.`);
  }
}
