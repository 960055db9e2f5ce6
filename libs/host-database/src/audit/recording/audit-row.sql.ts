import type { AuditRow } from './audit-row.factory.js';

const COLUMNS = [
  'id',
  'tenant_id',
  'event_type',
  'schema_version',
  'outcome',
  'actor_user_id',
  'impersonator_user_id',
  'target_type',
  'target_id',
  'request_id',
  'ip_address',
  'user_agent',
  'details',
  'created_at',
  'canonical',
  'leaf_hash',
] as const;

const insertWith = (placeholder: (index: number) => string) =>
  `insert into sys_audit_logs (${COLUMNS.join(', ')}) values (${COLUMNS.map((_, index) => placeholder(index + 1)).join(', ')})`;
/** The statement that appends a row. For an EntityManager it is the one with question marks, whatever the dialect. */
export const INSERT_ROW = { postgresql: insertWith((index) => `$${index}`), questionMarks: insertWith(() => '?') };

/** The values of a row in the order of the statement's columns; the time as the dialect stores it. */
export function rowValues(row: AuditRow, createdAt: string | number): unknown[] {
  const details = row.details === null ? null : JSON.stringify(row.details);
  return [
    row.id,
    row.tenantId,
    row.eventType,
    row.schemaVersion,
    row.outcome,
    row.actorUserId,
    row.impersonatorUserId,
    row.targetType,
    row.targetId,
    row.requestId,
    row.ipAddress,
    row.userAgent,
    details,
    createdAt,
    row.canonical,
    row.leafHash,
  ];
}
