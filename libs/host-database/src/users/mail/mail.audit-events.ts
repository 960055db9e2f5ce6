import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';

/** What the log says of mails. */
export const mailEvents = defineAuditEvents({
  // Without the address: it need not be anybody's who could have it erased.
  'users.mail-withheld': { details: detailsOf<{ template: string }>() },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof mailEvents> {}
}
