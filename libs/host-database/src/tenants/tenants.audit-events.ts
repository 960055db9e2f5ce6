import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of tenants, beside the changes of their rows, in which secrets are not to be told apart. */
export const tenantAuditEvents = defineAuditEvents({
  'tenants.keys-rotated': { details: detailsOf<{ keyId: string; rotated: number; failed: number }>() },
  'tenants.domain-refused': { details: detailsOf<{ domain: string; reason: string }>(), targetType: 'TenantCatalog' },
  'tenants.database-password-rotated': { details: detailsOf<{ user: string }>(), targetType: 'TenantCatalog' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof tenantAuditEvents> {}
}
