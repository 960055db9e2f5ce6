import { defineAuditEvents, detailsOf, type InferAuditEvents } from './audit-event-types.js';

/** The events of the log itself. */
export const auditEvents = defineAuditEvents({
  'audit.log-verified': {
    details: detailsOf<{
      checkedRows: number;
      checkedCheckpoints: number;
      // None: it was not compared with anything outside of the database.
      keptCheckpoints: number;
      findings: number;
      scopes: number;
    }>(),
    // The target is the scope, where one only was verified.
    targetType: 'audit-scope',
  },
  'audit.log-export-started': {
    details: detailsOf<{ format: string; filter: Record<string, unknown> }>(),
    targetType: 'audit-export',
  },
  'audit.log-exported': {
    details: detailsOf<{ format: string; rows: number; complete: boolean; filter: Record<string, unknown> }>(),
    // The target is the one of its start.
    targetType: 'audit-export',
  },
  'audit.rows-purged': {
    details: detailsOf<{ purgedThrough: string; rows: number }>(),
  },
  'audit.legal-hold-placed': { details: detailsOf<{ reason: string }>(), targetType: 'tenant' },
  'audit.legal-hold-released': { details: detailsOf<{ reason: string }>(), targetType: 'tenant' },
  'audit.capture-bypassed': { details: detailsOf<{ reason: string; tables: string[] }>() },
  'privacy.subject-erased': { details: detailsOf<{ reason?: string } | undefined>(), targetType: 'user' },
});

declare module './audit-event-types.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof auditEvents> {}
}
