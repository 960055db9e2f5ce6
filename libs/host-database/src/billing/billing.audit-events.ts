import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';
import type { AccessLevel, AccessReason } from './access-decision/index.js';

interface StandingDetails {
  readonly level: AccessLevel;
  readonly status: string;
  readonly reason: AccessReason;
}

/** What the log says of payments, beside the changes of their rows. */
export const billingAuditEvents = defineAuditEvents({
  // Once for each change of it, and not for each request.
  'billing.access-denied': { details: detailsOf<StandingDetails>(), targetType: 'tenant' },
  'billing.access-restored': { details: detailsOf<StandingDetails>(), targetType: 'tenant' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof billingAuditEvents> {}
}
