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

/** The change would leave tenants without an owner who can sign in. Nothing was written. */
export class LastOwnerError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_LAST_OWNER';

  constructor(
    readonly userId: string,
    /** Of these the user is the only owner. */
    readonly tenantIds: readonly string[],
  ) {
    super(`User ${userId} is the only owner of tenant ${tenantIds.join(', ')}. Make someone else an owner there first.`);
  }
}

/** The tenant has as many members as its plan allows. Nothing was written. */
export class SeatLimitReachedError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_SEAT_LIMIT_REACHED';

  constructor(
    readonly tenantId: string,
    readonly limit: number,
  ) {
    super(`All ${limit} seats of tenant ${tenantId} are taken. Remove a member, or choose a plan with more seats.`);
  }
}

/** The attributes of a membership are not what the option `memberships.attributes` asks for. Nothing was written. */
export class InvalidMembershipAttributesError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVALID_ATTRIBUTES';

  constructor(
    /** One line for each thing that is wrong: `<path>: <problem>`. */
    readonly problems: readonly string[],
  ) {
    super(`The attributes of the membership are not what its schema asks for: ${problems.join('; ')}. Correct them.`);
  }
}

/** Somebody who acts as another person was about to change who owns a tenant. Nothing was written. */
export class ImpersonatedOwnerChangeError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_IMPERSONATED_OWNER_CHANGE';

  constructor() {
    super('Owners are not changed by somebody who acts as another person. End the impersonation, and let an owner do it.');
  }
}

/** Why somebody may not do something to a tenant's members or roles. */
export type AuthorityRefusal =
  /** Nobody is signed in, or who is, is no active member. */
  | 'not-a-member'
  /** They lack the permission. */
  | 'permission-missing'
  /** Whom, or what, it is about has or would have more than they have themselves. */
  | 'above-own-authority';

/** The actor may not do this. Nothing was written; the refusal is in the audit log. */
export class InsufficientAuthorityError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY';

  constructor(
    readonly tenantId: string,
    /** What was refused, such as `add-member`. */
    readonly action: string,
    readonly reason: AuthorityRefusal,
  ) {
    super(`You may not do this (${action}) in tenant ${tenantId}: ${reason}. Ask somebody who has more authority there.`);
  }
}
