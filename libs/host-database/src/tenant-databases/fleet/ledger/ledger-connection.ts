import { type DirectConnection, dialectOf, type SqliteDirectConnection } from '../../../database/index.js';

/** A statement with `$1`, `$2` and so on. It returns rows, if only with `returning`. */
export interface LedgerStatement {
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
}

/** In what the statements of the ledger differ from dialect to dialect. */
export interface LedgerDialect {
  /** The database's own time. */
  readonly now: string;
  readonly skipLocked: string;
  /** The database's own time plus a number of milliseconds. */
  readonly nowPlusMs: (parameter: string) => string;
  readonly json: (parameter: string) => string;
  /** A table of `id` and `wave` from a JSON array of objects. */
  readonly entries: (parameter: string) => string;
  /** A table of `id` and `token` from a JSON array of objects. */
  readonly claims: (parameter: string) => string;
  /** The texts of a JSON array. */
  readonly texts: (parameter: string) => string;
}

const DIALECTS: Readonly<Record<'sqlite' | 'postgresql', Omit<LedgerDialect, 'now' | 'skipLocked'>>> = {
  sqlite: {
    nowPlusMs: (parameter) => `${dialectOf('sqlite').now} + ${parameter}`,
    json: (parameter) => parameter,
    entries: (parameter) => `(select value ->> 'id' as id, value ->> 'wave' as wave from json_each(${parameter})) as entry`,
    claims: (parameter) => `(select value ->> 'id' as id, value ->> 'token' as token from json_each(${parameter})) as claim`,
    texts: (parameter) => `(select value from json_each(${parameter}))`,
  },
  postgresql: {
    nowPlusMs: (parameter) => `clock_timestamp() + ${parameter} * interval '1 millisecond'`,
    json: (parameter) => `cast(${parameter} as jsonb)`,
    entries: (parameter) => `jsonb_to_recordset(cast(${parameter} as jsonb)) as entry(id text, wave integer)`,
    claims: (parameter) => `jsonb_to_recordset(cast(${parameter} as jsonb)) as claim(id text, token integer)`,
    texts: (parameter) => `(select jsonb_array_elements_text(cast(${parameter} as jsonb)))`,
  },
};

/** The ledger's way to the host database, beside the transactions of the application. */
export class LedgerConnection {
  readonly dialect: LedgerDialect;

  constructor(private readonly connection: DirectConnection) {
    const { now, skipLocked } = dialectOf(connection.type);
    this.dialect = { now, skipLocked, ...DIALECTS[connection.type] };
  }

  /** Runs statements in one transaction, and returns the rows of each. */
  async run(statements: readonly LedgerStatement[]): Promise<unknown[][]> {
    const { connection } = this;
    if (connection.type === 'sqlite') return connection.exclusive((db) => statements.map((each) => runOnSqlite(db, each)));
    const [first] = statements;
    if (first && statements.length === 1) return [await connection.query(first.sql, first.parameters)];
    return connection.transaction(async (query) => {
      const results: unknown[][] = [];
      for (const { sql, parameters } of statements) results.push(await query(sql, parameters));
      return results;
    });
  }

  /** Runs one statement that only reads. */
  async read(statement: LedgerStatement): Promise<unknown[]> {
    const { connection } = this;
    if (connection.type === 'sqlite') return connection.read((db) => runOnSqlite(db, statement));
    return connection.query(statement.sql, statement.parameters);
  }
}

function runOnSqlite(db: SqliteDirectConnection, { sql, parameters }: LedgerStatement): unknown[] {
  // A parameter called $1 is one with the name 1.
  return db.prepare(sql).all(Object.fromEntries(parameters.map((value, index) => [String(index + 1), value])));
}
