import { createRequire } from 'node:module';
import type { DatabaseType } from 'nestjs-host-database';

/** A place in the conversation with the database. */
export interface Failpoint {
  /** The beginning of the statement; of `commit` and `rollback` the first of their transaction too. */
  readonly statement: string;
  /** Its how-manieth time in the process, from 1. */
  readonly nth: number;
  readonly side: 'before' | 'after';
}

type Listener = (at: Failpoint) => void;
type Callback = (...results: unknown[]) => unknown;
type Method = (this: object, ...parameters: unknown[]) => unknown;

const NAME_LENGTH = 70;
/** Statements with this in them are the observer's own. */
export const UNOBSERVED = '/* unobserved */';

/**
 * Tells a listener before and after each statement of this process that is part of the queue's protocol: those on its tables, and what
 * begins and ends their transactions. Works on the drivers themselves, and so for every connection of the process.
 */
export function observeStatements(type: DatabaseType, listener: Listener): void {
  const counts = new Map<string, number>();
  const transactions = new WeakMap<object, string>();
  const nameOf = (connection: object, text: string): string | undefined => {
    const statement = text.trim().replaceAll(/\s+/g, ' ').replaceAll('"', '').replaceAll('`', '');
    if (statement.includes(UNOBSERVED)) return undefined;
    if (/^begin/i.test(statement)) {
      transactions.set(connection, '');
      return 'begin';
    }
    const within = transactions.get(connection);
    if (/^(commit|rollback)/i.test(statement)) {
      transactions.delete(connection);
      return within ? `${statement} of ${within}` : undefined;
    }
    if (!/sys_job|chaos_/.test(statement)) return undefined;
    // Two statements may begin with the same words.
    const name = `${statement.slice(0, NAME_LENGTH)} (${statement.length})`;
    if (within === '') transactions.set(connection, statement.slice(0, NAME_LENGTH));
    return name;
  };
  const around = (connection: object, text: string) => {
    const statement = nameOf(connection, text);
    if (statement === undefined) return undefined;
    const nth = (counts.get(statement) ?? 0) + 1;
    counts.set(statement, nth);
    listener({ statement, nth, side: 'before' });
    return () => listener({ statement, nth, side: 'after' });
  };
  if (type === 'sqlite') observeSqlite(around);
  else observePostgresql(around);
}

type Around = (connection: object, text: string) => (() => void) | undefined;

function observeSqlite(around: Around): void {
  const driver = createRequire(import.meta.resolve('@mikro-orm/sqlite'));
  const Database = driver('better-sqlite3') as new (file: string) => { prepare(sql: string): object; close(): void };
  const database = new Database(':memory:');
  const prototype = Object.getPrototypeOf(database.prepare('select 1')) as Record<string, Method>;
  database.close();
  for (const name of ['run', 'all', 'get'] as const) {
    const original = prototype[name] as Method;
    prototype[name] = function (...parameters) {
      const { source, database: connection } = this as { source: string; database: object };
      const after = around(connection, source);
      const result = original.apply(this, parameters);
      after?.();
      return result;
    };
  }
}

function observePostgresql(around: Around): void {
  const driver = createRequire(import.meta.resolve('@mikro-orm/postgresql'));
  const { Client } = driver('pg') as { Client: { prototype: { query: Method } } };
  const original = Client.prototype.query;
  Client.prototype.query = function (...parameters) {
    const [query] = parameters;
    const text = typeof query === 'string' ? query : (query as { text?: string }).text;
    const after = around(this, text ?? '');
    const last = parameters.at(-1);
    if (after && typeof last === 'function') {
      const callback = last as Callback;
      parameters[parameters.length - 1] = (...results: unknown[]) => {
        after();
        return callback(...results);
      };
      return original.apply(this, parameters);
    }
    const result = original.apply(this, parameters);
    return after && result instanceof Promise ? result.finally(after) : result;
  };
}
