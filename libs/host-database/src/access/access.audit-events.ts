import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of those who were kept out. */
export const accessEvents = defineAuditEvents({
  'access.tenant-denied': { details: detailsOf<undefined>(), targetType: 'tenant' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof accessEvents> {}
}
