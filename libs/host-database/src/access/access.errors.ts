import { HostDatabaseError } from '../common/index.js';
import type { MembershipRole } from '../memberships/index.js';

/** The request names no user, or carries a credential that is not valid any more. */
export class NotAuthenticatedError extends HostDatabaseError {
  readonly code = 'ACCESS_NOT_AUTHENTICATED';

  constructor() {
    super('Nobody is signed in. Sign in, and send the token with the request.');
  }
}

/** The request carries two credentials, of different people or for different tenants. Neither counts. */
export class CredentialsDisagreeError extends HostDatabaseError {
  readonly code = 'ACCESS_CREDENTIALS_DISAGREE';

  constructor() {
    super('The request carries two credentials that do not say the same. Send one of them.');
  }
}

/** The user is not a member of the tenant, or there is no such tenant: who may not enter is not told which. */
export class TenantAccessDeniedError extends HostDatabaseError {
  readonly code = 'ACCESS_TENANT_DENIED';

  constructor(readonly tenantId: string) {
    super(`You are not a member of tenant ${tenantId}. Ask one of its owners for access.`);
  }
}

/** The request is for a route of a tenant, and nothing in it names one. */
export class TenantRequiredError extends HostDatabaseError {
  readonly code = 'ACCESS_TENANT_REQUIRED';

  constructor(
    /** Where the tenant may be named. */
    readonly sources: readonly string[],
  ) {
    super(`The request names no tenant. Name it by one of these: ${sources.join(', ')}.`);
  }
}

/** Two places in a request name different tenants. Nothing was read or written. */
export class TenantMismatchError extends HostDatabaseError {
  readonly code = 'ACCESS_TENANT_MISMATCH';

  constructor(
    /** The places that name a tenant, the one that counts most first. */
    readonly sources: readonly string[],
  ) {
    super(`The request names different tenants by ${sources.join(' and ')}. Name one tenant only.`);
  }
}

/** The member's role is less than the route asks for. */
export class RoleRequiredError extends HostDatabaseError {
  readonly code = 'ACCESS_ROLE_REQUIRED';

  constructor(readonly role: MembershipRole) {
    super(`This needs the role ${role} in the tenant. Ask one of its owners for it.`);
  }
}

/** The member lacks a permission that the route asks for. */
export class PermissionRequiredError extends HostDatabaseError {
  readonly code = 'ACCESS_PERMISSION_REQUIRED';

  constructor(readonly permission: string) {
    super(`This needs the permission ${permission} in the tenant. Ask one of its admins for it.`);
  }
}

/** The route is for system administrators, acting as themselves. */
export class SystemAdminRequiredError extends HostDatabaseError {
  readonly code = 'ACCESS_SYSTEM_ADMIN_REQUIRED';

  constructor() {
    super('This is for system administrators, acting as themselves. Sign in as one.');
  }
}

/** What is declared of a route cannot hold. Stops the boot. */
export class AccessDeclarationError extends HostDatabaseError {
  readonly code = 'ACCESS_INVALID_DECLARATION';

  constructor(
    /** The class and the method. */
    readonly route: string,
    problem: string,
  ) {
    super(`${route} ${problem}`);
  }
}
