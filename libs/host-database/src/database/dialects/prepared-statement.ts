import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';

const MARK = '/* prepared */ ';

/** SQLSTATE of a statement that its connection does not know, and of a name that it has already. */
const NOT_OURS: ReadonlySet<unknown> = new Set(['26000', '42P05']);

/**
 * Marks a statement, with `$1` for its parameters, that PostgreSQL is to parse and plan once for each connection and not each time. For
 * what is sent often and whose best plan does not depend on its values, such as an insert; the text has to be the same each time, for
 * each connection keeps every text that it was given.
 */
export function preparedStatement(sql: string): string {
  return MARK + sql;
}

/** The statement without its mark; undefined where it has none. */
export function withoutMark(sql: string): string | undefined {
  return sql.startsWith(MARK) ? sql.slice(MARK.length) : undefined;
}

type Callback = (error: unknown, ...results: unknown[]) => void;
type Send = (query: unknown, values?: unknown, callback?: Callback) => unknown;

/** What is needed here of a client of `pg`. */
export interface PreparingClient {
  query: Send;
}

/**
 * Gives the statements that are marked a name, by which `pg` prepares each of them once for its connection.
 *
 * Where a connection turns out not to be the same one from one transaction to the next, as behind a proxy, it says so once and sends
 * them without a name from then on: what has failed until then is lost, what follows is not.
 */
export class StatementPreparer {
  private readonly logger = new Logger('Database');
  /** By the marked text; there are as many as the program has such statements. */
  private readonly known = new Map<string, { readonly name: string; readonly text: string }>();
  private isPreparing = true;

  /** Watches what is sent by a client that was just connected. */
  watch(client: PreparingClient): void {
    const prototype = Object.getPrototypeOf(client) as PreparingClient;
    // Looked up each time: who observes what is sent does so there.
    const send: Send = (...given) => prototype.query.apply(client, given);
    client.query = (query, ...given) => {
      const [values, callback] = given;
      const statement = typeof query === 'string' && Array.isArray(values) ? this.statementOf(query) : undefined;
      if (!statement) return send(query, ...given);
      if (!this.isPreparing) return send(statement.text, ...given);
      // A new object each time: pg writes the values into it.
      if (!callback) return (send({ ...statement }, values) as Promise<unknown>).catch((error: unknown) => this.rethrow(error));
      return send({ ...statement }, values, (error, ...results) => {
        this.learn(error);
        callback(error, ...results);
      });
    };
  }

  private statementOf(marked: string): { readonly name: string; readonly text: string } | undefined {
    const known = this.known.get(marked);
    if (known) return known;
    const text = withoutMark(marked);
    if (text === undefined) return undefined;
    // Others may have the same connection after us: of one name, they have the same statement.
    const name = `host_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    const statement = { name, text };
    this.known.set(marked, statement);
    return statement;
  }

  private rethrow(error: unknown): never {
    this.learn(error);
    throw error;
  }

  private learn(error: unknown): void {
    if (!this.isPreparing || !NOT_OURS.has((error as { code?: unknown } | null | undefined)?.code)) return;
    this.isPreparing = false;
    this.logger.warn(
      'A connection has lost its prepared statement, perhaps because of a proxy that pools transactions: none are prepared any more. ' +
        'database.preparedStatements: false spares you the failure.',
    );
  }
}
