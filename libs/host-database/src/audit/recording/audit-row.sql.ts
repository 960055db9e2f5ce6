import { preparedStatement } from '../../database/index.js';
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

/**
 * As {@link insertOf}, on PostgreSQL, by a statement that each connection keeps. It names all columns, so that there is one text; a
 * parameter that is null costs next to nothing.
 */
export function preparedInsertOf(row: AuditRow): RowInsert {
  return { sql: PREPARED_INSERT, values: valuesOf(row, row.createdAt.toISOString()) };
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

const PREPARED_INSERT = preparedStatement(
  `insert into sys_audit_logs (${COLUMNS.join(', ')}) values (${COLUMNS.map((_, index) => `$${index + 1}`).join(', ')})`,
);

/** In the order of the columns. */
function valuesOf(row: AuditRow, createdAt: string | number): unknown[] {
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
    row.details && JSON.stringify(row.details),
    createdAt,
    row.canonical,
    row.leafHash,
  ];
}

function columnsOf(row: AuditRow, createdAt: string | number): readonly Column[] {
  const values = valuesOf(row, createdAt);
  return COLUMNS.map((name, index) => [name, values[index]] as const);
}

function namesOf(columns: readonly Column[]): string {
  return columns.map(([name]) => name).join(', ');
}
