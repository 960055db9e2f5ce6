import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../audit/index.js';
import type { TenantStatus } from './tenant-catalog.entity.js';

/** What the log says of tenants, beside the changes of their rows, in which secrets are not to be told apart. */
export const tenantAuditEvents = defineAuditEvents({
  'tenants.keys-rotated': { details: detailsOf<{ keyId: string; rotated: number; failed: number }>() },
  'tenants.domain-refused': { details: detailsOf<{ domain: string; reason: string }>(), targetType: 'TenantCatalog' },
  'tenants.domain-lost': {
    details: detailsOf<{ domain: string; reason: 'record-missing' | 'taken-over'; missingSince: string | null }>(),
    targetType: 'TenantCatalog',
  },
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
  'tenants.suspended': { details: detailsOf<{ reason?: string; drain: boolean }>(), targetType: 'TenantCatalog' },
  'tenants.reactivated': { details: detailsOf<undefined>(), targetType: 'TenantCatalog' },
  'tenants.archived': { details: detailsOf<{ reason?: string; drain: boolean }>(), targetType: 'TenantCatalog' },
  'tenants.restored': { details: detailsOf<{ from: TenantStatus; to: TenantStatus }>(), targetType: 'TenantCatalog' },
  'tenants.deletion-requested': {
    details: detailsOf<{ reason?: string; graceDays: number; export: boolean; drain: boolean }>(),
    targetType: 'TenantCatalog',
  },
  // From here on there is no way back.
  'tenants.deletion-started': { details: detailsOf<{ export: boolean }>(), targetType: 'TenantCatalog' },
  // What was removed, by step.
  'tenants.purged': { details: detailsOf<{ removed: Record<string, unknown> }>(), targetType: 'TenantCatalog' },
  'tenants.provisioned': { details: detailsOf<{ isWarm: boolean }>(), targetType: 'TenantCatalog' },
  'tenants.provisioning-failed': { details: detailsOf<{ step: string; reason: string }>(), targetType: 'TenantCatalog' },
});

declare module '../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof tenantAuditEvents> {}
}
