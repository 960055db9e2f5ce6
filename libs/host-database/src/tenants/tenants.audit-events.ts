import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of tenants, beside the changes of their rows, in which secrets are not to be told apart. */
export const tenantAuditEvents = defineAuditEvents({
  'tenants.keys-rotated': { details: detailsOf<{ keyId: string; rotated: number; failed: number }>() },
  'tenants.fleet-migrated': {
    details: detailsOf<{
      runId: string;
      target: string;
      state: string;
      total: number;
      done: number;
      failed: number;
      skipped: number;
    }>(),
  },
  'tenants.database-password-rotated': { details: detailsOf<{ user: string }>(), targetType: 'TenantCatalog' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof tenantAuditEvents> {}
}
