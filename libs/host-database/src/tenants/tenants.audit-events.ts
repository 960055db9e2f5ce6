import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';

/** What the log says of tenants, beside the changes of their rows, in which secrets are not to be told apart. */
export const tenantAuditEvents = defineAuditEvents({
  'tenants.keys-rotated': { details: detailsOf<{ keyId: string; rotated: number; failed: number }>() },
  'tenants.database-password-rotated': { details: detailsOf<{ user: string }>(), targetType: 'TenantCatalog' },
  'tenants.provisioned': { details: detailsOf<{ isWarm: boolean }>(), targetType: 'TenantCatalog' },
  'tenants.provisioning-failed': { details: detailsOf<{ step: string; reason: string }>(), targetType: 'TenantCatalog' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof tenantAuditEvents> {}
}
