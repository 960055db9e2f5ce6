import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';

/** What the log says of identities, beside `users.identity-linked`, `-changed` and `-unlinked`, the changes of their rows. */
export const identityEvents = defineAuditEvents({
  // Whose account it was to lead to is the target, where that is known.
  'users.identity-refused': { details: detailsOf<{ provider: string; reason: string }>(), targetType: 'GlobalUser' },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof identityEvents> {}
}
