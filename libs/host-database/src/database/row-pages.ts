import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { DatabaseType } from './database.options.js';

/** How many rows one statement reads. */
const PAGE = 500;
const PREFIX = 'row_value_';

/** A table, and by which columns its rows are told apart. */
export interface KeyedTable {
  readonly name: string;
  /** Where it is, on PostgreSQL. @default the schema of the connection */
  readonly schema?: string;
  readonly keys: readonly string[];
}

type Row = Readonly<Record<string, unknown>>;

/**
 * All rows of a table as JSON, page by page in the order of their keys, each value as exact as the database has it: whole numbers of any
 * size, times of PostgreSQL to the microsecond; bytes are `\\x` and hexadecimal digits.
 */
export async function* readRowsAsJson(
  connection: AbstractSqlConnection,
  type: DatabaseType,
  { name, schema, keys }: KeyedTable,
): AsyncGenerator<readonly string[]> {
  const { select, toJson } = await (type === 'sqlite' ? onSqlite(connection, name) : onPostgresql());
  const columns = keys.map((key) => `t.${quote(key)}`);
  // As text on PostgreSQL: what the driver makes of a time is not exact enough to go on from.
  const marks = columns.map(
    (column, index) => `${type === 'sqlite' ? exactOnSqlite(column) : `${column}::text`} as key_${index}`,
  );
  const after = ` where (${columns.join(', ')}) > (${keys.map(() => '?').join(', ')})`;
  const order = ` order by ${columns.join(', ')} limit ${PAGE}`;
  const from = schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
  let last: Row | undefined;
  do {
    const values = last ? keys.map((_key, index) => last?.[`key_${index}`]) : [];
    const sql = `select ${[...marks, ...select].join(', ')} from ${from} as t${last ? after : ''}${order}`;
    const rows: Row[] = await connection.execute(sql, values);
    if (rows.length > 0) yield rows.map(toJson);
    last = rows.length < PAGE ? undefined : rows.at(-1);
  } while (last);
}

interface RowReader {
  readonly select: readonly string[];
  readonly toJson: (row: Row) => string;
}

async function onPostgresql(): Promise<RowReader> {
  return { select: [`row_to_json(t)::text as ${PREFIX}0`], toJson: (row) => String(row[`${PREFIX}0`]) };
}

async function onSqlite(connection: AbstractSqlConnection, table: string): Promise<RowReader> {
  const columns: { name: string }[] = await connection.execute('select name from pragma_table_xinfo(?) where hidden <> 1', [
    table,
  ]);
  return {
    select: columns.map(({ name }, index) => `${exactOnSqlite(`t.${quote(name)}`)} as ${PREFIX}${index}`),
    toJson: (row) =>
      JSON.stringify(Object.fromEntries(columns.map(({ name }, index) => [name, toValue(row[`${PREFIX}${index}`])]))),
  };
}

/** The driver would round whole numbers that are too large for JavaScript. */
function exactOnSqlite(column: string): string {
  const { MAX_SAFE_INTEGER: most } = Number;
  return `case when typeof(${column}) = 'integer' and ${column} not between -${most} and ${most} then cast(${column} as text) else ${column} end`;
}

function toValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Both dialects take the standard's quotes. */
function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
