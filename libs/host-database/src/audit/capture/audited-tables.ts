import { OpaqueSqlError, type SqlToken, sqlTokens } from './sql-tokens.js';

const NONE: ReadonlySet<string> = new Set();

/** A name may be written with escapes on PostgreSQL, and its text then says nothing. */
const ESCAPED_NAME = 'u&"';

/**
 * Tells which of a set of tables a SQL statement writes: by INSERT, REPLACE, UPDATE, DELETE, MERGE, TRUNCATE or COPY, or by ALTER TABLE
 * and DROP TABLE, which may change every row, wherever in the statement they stand. It reads texts, so that it does not see what a function, trigger, rule, view or foreign key writes.
 *
 * Most statements name none of the tables, and one look at the text settles those. The answers are not kept: MikroORM writes the
 * values into the text, so that few texts repeat, and a cache of them would keep the values too.
 */
export class AuditedTables {
  private readonly names: ReadonlySet<string>;
  private readonly mention: RegExp | undefined;

  constructor(names: Iterable<string>) {
    this.names = new Set([...names].map((name) => name.toLowerCase()));
    const parts = [...this.names, ESCAPED_NAME].map((name) => name.replaceAll(/[^\w]/g, String.raw`\$&`));
    this.mention = this.names.size > 0 ? new RegExp(parts.join('|'), 'i') : undefined;
  }

  /** The names of the tables that `sql` writes, in lower case. */
  writtenBy(sql: string): ReadonlySet<string> {
    if (!this.mention?.test(sql)) return NONE;
    try {
      const tokens = sqlTokens(sql);
      // Code in a string, run by the statement itself.
      if (tokens.some((token, at) => isWord(token, 'do') && (at === 0 || isSign(tokens[at - 1], ';'))))
        throw new OpaqueSqlError();
      return new Set(targets(tokens).filter((name) => this.names.has(name)));
    } catch (error) {
      if (!(error instanceof OpaqueSqlError)) throw error;
      // In doubt it writes all that it names, and a name in escapes may be any.
      const text = sql.toLowerCase();
      if (text.includes(ESCAPED_NAME)) return this.names;
      return new Set([...this.names].filter((name) => text.includes(name)));
    }
  }
}

/** What stands where the name of a table that is written stands. It need not be one: `do update set` yields `set`. */
function targets(tokens: readonly SqlToken[]): string[] {
  const found: string[] = [];
  const add = (at: number): number => {
    let start = at;
    if (isWord(tokens[start], 'only')) start++;
    if (isSign(tokens[start], '(')) start++;
    const { name, next } = qualifiedName(tokens, start);
    if (name !== undefined) found.push(name);
    return next;
  };
  for (const [at, token] of tokens.entries()) {
    // What follows a dot is a column, whatever its name.
    if (token.kind !== 'word' || isSign(tokens[at - 1], '.')) continue;
    if (token.text === 'into') add(at + 1);
    else if (token.text === 'update') add(isWord(tokens[at + 1], 'or') ? at + 3 : at + 1);
    else if (token.text === 'delete' && isWord(tokens[at + 1], 'from')) add(at + 2);
    else if (token.text === 'truncate') addEach(isWord(tokens[at + 1], 'table') ? at + 2 : at + 1);
    else if (isSchemaChange(token.text) && isWord(tokens[at + 1], 'table')) {
      addEach(isWord(tokens[at + 2], 'if') ? at + 4 : at + 2);
    } else if (token.text === 'copy' && isCopyFrom(tokens, at + 1)) add(at + 1);
  }
  return found;

  function addEach(at: number): void {
    let next = add(at);
    for (;;) {
      while (isSign(tokens[next], '*') || isSign(tokens[next], ')')) next++;
      if (!isSign(tokens[next], ',')) return;
      next = add(next + 1);
    }
  }
}

/** Reads `name`, `schema.name` or `database.schema.name`; the last part names the table. SQLite takes a string for a name. */
function qualifiedName(tokens: readonly SqlToken[], start: number): { name: string | undefined; next: number } {
  let name: string | undefined;
  let next = start;
  for (;;) {
    const token = tokens[next];
    if (!token || token.kind === 'sign') return { name, next };
    name = token.text;
    next++;
    if (!isSign(tokens[next], '.')) return { name, next };
    next++;
  }
}

function isSchemaChange(word: string): boolean {
  return word === 'alter' || word === 'drop';
}

/** `copy t (a, b) from`, and neither `copy t to` nor `copy (select …) to`. */
function isCopyFrom(tokens: readonly SqlToken[], start: number): boolean {
  if (isSign(tokens[start], '(')) return false;
  let { next } = qualifiedName(tokens, start);
  if (isSign(tokens[next], '(')) while (next < tokens.length && !isSign(tokens[next++], ')'));
  return isWord(tokens[next], 'from');
}

function isWord(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

function isSign(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text;
}
