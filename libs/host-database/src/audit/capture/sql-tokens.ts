/** One word, name, string or sign of a SQL statement. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'sign';
  /** In lower case and without its quotes. */
  readonly text: string;
}

/** A statement whose text does not tell what it does: it holds code in a string, or is read differently by the two dialects. */
export class OpaqueSqlError extends Error {}

/** White space in both dialects. Other white space of Unicode is part of a word. */
const SPACE = /[\t\n\v\f\r ]+/y;
const WORD = /[\w$\u0080-\uffff]+/y;
const DOLLAR_QUOTE = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy;
/** In SQLite a name; on PostgreSQL a subscript, which it does no harm to read as one. */
const BRACKETED = /\[([\w ]+)\]/y;
/** Changes how the text in the quotes after it is written. */
const QUOTE_PREFIX = /(?:e(?=')|u&(?=['"]))/iy;
const UNICODE_ESCAPE = /\\(?:\+([0-9a-f]{6})|([0-9a-f]{4}))/gi;

/**
 * Splits SQL of either dialect into tokens, without comments and white space. What one dialect has and the other has not is read so
 * that no code is taken for a string or a comment.
 *
 * @throws OpaqueSqlError for comments in comments, which PostgreSQL nests and SQLite does not; for a carriage return in a line comment,
 * which ends it on PostgreSQL alone; for a byte order mark, which is white space in SQLite alone; for quotes in brackets, which are part
 * of a name in SQLite and begin a string on PostgreSQL; and for names whose escapes begin with a sign of their own
 */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const sign = sql[at] as string;
    const space = match(SPACE, sql, at)?.[0];
    if (space !== undefined) at += space.length;
    else if (sql.startsWith('--', at)) at = endOfLineComment(sql, at);
    else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else {
      const prefix = match(QUOTE_PREFIX, sql, at)?.[0].toLowerCase() ?? '';
      at = isQuote(sql[at + prefix.length]) ? quoted(at + prefix.length, prefix) : unquoted(sign);
    }
  }
  return tokens;

  function push(kind: SqlToken['kind'], text: string, end: number): number {
    tokens.push({ kind, text: text.toLowerCase() });
    return end;
  }

  function quoted(start: number, prefix: string): number {
    const quote = sql[start] as string;
    const end = endOfQuoted(sql, start, prefix === 'e');
    // A quote that is never closed: whatever follows is looked at as code, and the database refuses it.
    if (end === undefined) return push('sign', quote, start + 1);
    const text = sql.slice(start + 1, end - 1).replaceAll(quote + quote, quote);
    return push(quote === "'" ? 'string' : 'name', prefix === 'u&' ? unescaped(text) : text, end);
  }

  function unquoted(sign: string): number {
    const dollar = sign === '$' ? match(DOLLAR_QUOTE, sql, at)?.[0] : undefined;
    const closing = dollar === undefined ? -1 : sql.indexOf(dollar, at + dollar.length);
    if (dollar !== undefined && closing >= 0) {
      return push('string', sql.slice(at + dollar.length, closing), closing + dollar.length);
    }
    const name = sign === '[' ? match(BRACKETED, sql, at) : null;
    if (sign === '\ufeff') throw new OpaqueSqlError();
    if (sign === '[' && splitsString(sql, at)) throw new OpaqueSqlError();
    if (name) return push('name', name[1] as string, at + name[0].length);
    const word = match(WORD, sql, at)?.[0];
    if (word?.toLowerCase() === 'uescape' && tokens.at(-1)?.kind === 'name') throw new OpaqueSqlError();
    return word === undefined ? push('sign', sign, at + 1) : push('word', word, at + word.length);
  }
}

function match(pattern: RegExp, sql: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(sql);
}

function endOf(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from);
  return at < 0 ? sql.length : at + end.length;
}

function endOfLineComment(sql: string, at: number): number {
  const end = endOf(sql, '\n', at);
  if (/\r(?!\n)/.test(sql.slice(at, end))) throw new OpaqueSqlError();
  return end;
}

function endOfComment(sql: string, at: number): number {
  const end = endOf(sql, '*/', at + 2);
  if (sql.slice(at + 2, end).includes('/*')) throw new OpaqueSqlError();
  return end;
}

/** Whether the brackets that open here hold one end of a string: `['a', 'b']` does not, `[a'b]` does. */
function splitsString(sql: string, at: number): boolean {
  const inside = sql.slice(at, endOf(sql, ']', at));
  return ["'", '"', '`'].some((quote) => inside.split(quote).length % 2 === 0);
}

function isQuote(sign: string | undefined): boolean {
  return sign === "'" || sign === '"' || sign === '`';
}

function endOfQuoted(sql: string, start: number, hasBackslashes: boolean): number | undefined {
  const quote = sql[start] as string;
  for (let at = start + 1; ; at += 2) {
    let end = sql.indexOf(quote, at);
    for (let escape = hasBackslashes ? sql.indexOf('\\', at) : -1; escape >= 0 && escape < end;) {
      if (end < escape + 2) end = sql.indexOf(quote, escape + 2);
      escape = sql.indexOf('\\', escape + 2);
    }
    if (end < 0) return undefined;
    if (sql[end + 1] !== quote) return end + 1;
    at = end;
  }
}

function unescaped(text: string): string {
  return text.replaceAll(UNICODE_ESCAPE, (_, long?: string, short?: string) =>
    String.fromCodePoint(Number.parseInt(long ?? short ?? '', 16)),
  );
}
