import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of members, beside the changes of their rows. */
export const membershipAuditEvents = defineAuditEvents({
  // The target is the user, or the role, that it was about; the reason is the code of the error.
  'memberships.refused': { details: detailsOf<{ action: string; reason: string; cause?: string }>(), targetType: 'user' },
  // The target is the new owner.
  'memberships.ownership-transferred': { details: detailsOf<{ from: string; becomes: string }>(), targetType: 'user' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof membershipAuditEvents> {}
}
