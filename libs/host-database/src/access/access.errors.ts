import { HostDatabaseError } from '../common/index.js';

/** The request names no user. An authentication guard has to set the actor before a tenant can be entered. */
export class NotAuthenticatedError extends HostDatabaseError {
  readonly code = 'ACCESS_NOT_AUTHENTICATED';

  constructor() {
    super('Nobody is signed in. Sign in, and send the token with the request.');
  }
}

/** The user is not a member of the tenant, or there is no such tenant: who may not enter is not told which. */
export class TenantAccessDeniedError extends HostDatabaseError {
  readonly code = 'ACCESS_TENANT_DENIED';

  constructor(readonly tenantId: string) {
    super(`You are not a member of tenant ${tenantId}. Ask one of its owners for access.`);
  }
}
