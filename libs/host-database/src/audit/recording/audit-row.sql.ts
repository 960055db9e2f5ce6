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

/** As {@link INSERT_ROW}, for rows that may be there already: those stay as they are. */
export const INSERT_MISSING = {
  postgresql: (rows: number) => {
    const tuple = (row: number) => `(${COLUMNS.map((_, index) => `$${row * COLUMNS.length + index + 1}`).join(', ')})`;
    const tuples = Array.from({ length: rows }, (_, row) => tuple(row));
    return `insert into sys_audit_logs (${COLUMNS.join(', ')}) values ${tuples.join(', ')} on conflict do nothing`;
  },
  // One more parameter: the id. Not "or ignore", which does not keep the guard from refusing a row that is there.
  sqlite: `insert into sys_audit_logs (${COLUMNS.join(', ')}) select ${COLUMNS.map(() => '?').join(', ')}
    where not exists (select 1 from sys_audit_logs where id = ?)`,
};

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
