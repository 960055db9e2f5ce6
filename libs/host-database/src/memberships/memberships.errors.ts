import { HostDatabaseError } from '../common/index.js';

/** A user and a tenant. */
export interface MembershipKey {
  readonly userId: string;
  readonly tenantId: string;
}

/** The user is a member of the tenant already. Nothing was written. */
export class DuplicateMembershipError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_DUPLICATE';

  constructor(
    readonly membership: MembershipKey,
    options?: ErrorOptions,
  ) {
    super(
      `User ${membership.userId} is a member of tenant ${membership.tenantId} already. Change the role with changeRole().`,
      options,
    );
  }
}

/** The user is no member of the tenant, or not any more. */
export class MembershipNotFoundError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_NOT_FOUND';

  constructor(readonly membership: MembershipKey) {
    super(`User ${membership.userId} is not a member of tenant ${membership.tenantId}. Grant the membership first.`);
  }
}

/** The change would leave the tenant without an owner. Nothing was written. */
export class LastOwnerError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_LAST_OWNER';

  constructor(readonly membership: MembershipKey) {
    super(`User ${membership.userId} is the only owner of tenant ${membership.tenantId}. Make someone else an owner first.`);
  }
}
