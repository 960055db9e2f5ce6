import { HostDatabaseError } from '../../common/index.js';
import type { InvitationStatus } from './invitation-summary.js';

/**
 * The token opens nothing for this person: unknown, expired, used, revoked, declined, replaced by a newer one, changed, or sent to another
 * address. One error for all of them, so that nobody learns by trying. Nothing was written.
 */
export class InvitationInvalidError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_INVALID';

  constructor() {
    super('The invitation is not valid. Sign in with the address that it was sent to, or ask for another one.');
  }
}

/** The invitation was sent to the address of this user, who has not shown yet that it is theirs. It stays open. */
export class InvitationEmailNotVerifiedError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED';

  constructor(readonly userId: string) {
    super('The address that the invitation was sent to is not verified. Verify it, then accept again.');
  }
}

/** Who has sent the invitation could not send it any more: they have left the tenant, or may do less than it gives. It stays open. */
export class InviterAuthorityLostError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITER_AUTHORITY_LOST';

  constructor(readonly invitationId: string) {
    super('Who has sent this invitation may not give it any more. Ask somebody who may to send it again.');
  }
}

/** An impersonator was about to decide for somebody what only they decide: to join a tenant, or not to. Nothing was written. */
export class InvitationImpersonatedError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_IMPERSONATED';

  constructor() {
    super('An invitation cannot be answered on behalf of somebody. End the impersonation, and let them answer.');
  }
}

/** Nobody is signed in. */
export class InvitationActorMissingError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_ACTOR_MISSING';

  constructor() {
    super('Nobody is signed in. Invite and answer as the actor of the context: ContextService.run({ actorUserId }, …).');
  }
}

/** No tenant of the actor has this invitation. */
export class InvitationNotFoundError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_NOT_FOUND';

  constructor(readonly invitationId: string) {
    super(`There is no invitation ${invitationId}. Pass the id of one that list() returns.`);
  }
}

/** The invitation was answered or taken back. Nothing was written. */
export class InvitationEndedError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_ENDED';

  constructor(
    readonly invitationId: string,
    readonly status: InvitationStatus,
  ) {
    super(`Invitation ${invitationId} is ${status} already. Create another one.`);
  }
}

/** The invitation was sent a moment ago. Nothing was written. */
export class InvitationSentTooSoonError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_INVITATION_SENT_TOO_SOON';

  constructor(
    readonly invitationId: string,
    /** From when on it can be sent again. */
    readonly retryAt: Date,
  ) {
    super(`Invitation ${invitationId} was sent a moment ago. Send it again at ${retryAt.toISOString()} or later.`);
  }
}

/** The tenant has as many open invitations as it may. Nothing was written. */
export class TooManyInvitationsError extends HostDatabaseError {
  readonly code = 'MEMBERSHIPS_TOO_MANY_INVITATIONS';

  constructor(
    readonly tenantId: string,
    /** The option `memberships.invitations.maxOpenPerTenant`. */
    readonly limit: number,
  ) {
    super(
      `Tenant ${tenantId} has ${limit} open invitations, and may have no more. Revoke some, or wait until they are answered.`,
    );
  }
}
