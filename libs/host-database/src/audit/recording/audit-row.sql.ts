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
  const given = columnsOf(row, createdAt).filter(([, value]) => value !== null);
  const placeholders = given.map((_, index) => placeholder(index + 1));
  return {
    sql: `insert into sys_audit_logs (${namesOf(given)}) values (${placeholders.join(', ')})`,
    values: given.map(([, value]) => value),
  };
}

/** As {@link insertOf}, for rows that may be there already: those stay as they are. PostgreSQL takes all of them in one statement. */
export function insertMissingOnPostgresql(rows: readonly AuditRow[]): RowInsert {
  const columns = rows.map((row) => columnsOf(row, row.createdAt.toISOString()));
  const values = columns.flatMap((row) => row.map(([, value]) => value));
  let index = 0;
  const tuples = columns.map((row) => `(${row.map(() => `$${++index}`).join(', ')})`);
  const names = namesOf(columns[0] ?? []);
  return { sql: `insert into sys_audit_logs (${names}) values ${tuples.join(', ')} on conflict do nothing`, values };
}

/** Not "or ignore", which does not keep the guard from refusing a row that is there. */
export function insertMissingOnSqlite(row: AuditRow): RowInsert {
  const columns = columnsOf(row, row.createdAt.getTime());
  const sql = `insert into sys_audit_logs (${namesOf(columns)}) select ${columns.map(() => '?').join(', ')}
    where not exists (select 1 from sys_audit_logs where id = ?)`;
  return { sql, values: [...columns.map(([, value]) => value), row.id] };
}

type Column = readonly [name: string, value: unknown];

function columnsOf(row: AuditRow, createdAt: string | number): readonly Column[] {
  return [
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
  ];
}

function namesOf(columns: readonly Column[]): string {
  return columns.map(([name]) => name).join(', ');
}
