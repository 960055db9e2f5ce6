import type { AuditRow } from './audit-row.factory.js';

/** A statement with a value for each of its placeholders. */
export interface RowInsert {
  readonly sql: string;
  readonly values: unknown[];
}

/**
 * The statement that appends a row, with the time as the dialect stores it. Columns that are null are not named: of most rows they are
 * half, and the server would parse them each time.
 */
export function insertOf(
  row: AuditRow,
  createdAt: string | number,
  placeholder: (index: number) => string = () => '?',
): RowInsert {
  const columns: string[] = [];
  const values: unknown[] = [];
  for (const [column, value] of [
    ['id', row.id],
    ['tenant_id', row.tenantId],
    ['event_type', row.eventType],
    ['schema_version', row.schemaVersion],
    ['outcome', row.outcome],
    ['actor_user_id', row.actorUserId],
    ['impersonator_user_id', row.impersonatorUserId],
    ['target_type', row.targetType],
    ['target_id', row.targetId],
    ['request_id', row.requestId],
    ['ip_address', row.ipAddress],
    ['user_agent', row.userAgent],
    ['details', row.details && JSON.stringify(row.details)],
    ['created_at', createdAt],
    ['canonical', row.canonical],
    ['leaf_hash', row.leafHash],
  ] as const) {
    if (value === null) continue;
    columns.push(column);
    values.push(value);
  }
  const placeholders = columns.map((_, index) => placeholder(index + 1));
  return { sql: `insert into sys_audit_logs (${columns.join(', ')}) values (${placeholders.join(', ')})`, values };
}
