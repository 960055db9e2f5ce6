import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';

interface Granted {
  readonly role: string;
  readonly customRoleId: string | null;
}

// Without the address: the log keeps it for ever, and who it belongs to need not be a user who could have it erased.
const targetType = 'Invitation';

/** What the log says of invitations. The target is the invitation. */
export const invitationAuditEvents = defineAuditEvents({
  'memberships.invitation-created': { details: detailsOf<Granted>(), targetType },
  'memberships.invitation-resent': { details: detailsOf<Granted & { sendCount: number; invitedBefore: string }>(), targetType },
  'memberships.invitation-revoked': { details: detailsOf<Granted>(), targetType },
  'memberships.invitation-accepted': {
    details: detailsOf<Granted & { invitedBy: string; membershipId: string; wasMember: boolean }>(),
    targetType,
  },
  'memberships.invitation-declined': { details: detailsOf<{ invitedBy: string }>(), targetType },
  // The reason is the code of the error.
  'memberships.invitation-refused': { details: detailsOf<{ action: string; reason: string; cause?: string }>(), targetType },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof invitationAuditEvents> {}
}
