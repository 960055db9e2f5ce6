import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of those who were kept out. */
export const accessEvents = defineAuditEvents({
  'access.tenant-denied': { details: detailsOf<undefined>(), targetType: 'tenant' },
  // In the host's log, since a request can name any tenant. The target is the tenant that counts most.
  'access.tenant-mismatch': { details: detailsOf<{ sources: Record<string, string> }>(), targetType: 'tenant' },
  'access.requirement-denied': { details: detailsOf<{ requires: string; route: string }>(), targetType: 'tenant' },
  'access.system-admin-denied': { details: detailsOf<{ route: string }>() },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof accessEvents> {}
}
