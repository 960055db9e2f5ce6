import { AuditLogShadowedError } from '../audit.errors.js';
import { OpaqueSqlError, type SqlToken, sqlTokens } from './sql-tokens.js';

/** Most statements have not both, which is quick to tell. A name may be written with escapes on PostgreSQL. */
const NAMES_LOG = /sys_audit_|u&"/i;
const NAMES_TEMPORARY = /temp|u&"/i;
const ESCAPED_NAME = /u&"/i;
const CODE_OF_SHADOW = /\bcreate\s+(?:or\s+replace\s+)?(?:local\s+|global\s+)?temp|\binto\s+temp|\bpg_temp\b/i;
const TEMPORARY = /^(?:temp|temporary|pg_temp(?:_\d+)?)$/;

/**
 * Refuses what makes a table, view or trigger of the session under a name of the log, or on it: a temporary table comes before that of the
 * log wherever its name is used, so that everything would be recorded into it, and vanish with the session. A temporary copy of the
 * log is refused as well.
 *
 * @throws AuditLogShadowedError
 */
export function refuseShadowOfLog(sql: string): void {
  if (NAMES_LOG.test(sql) && NAMES_TEMPORARY.test(sql) && makesShadow(sql)) throw new AuditLogShadowedError();
}

function makesShadow(sql: string): boolean {
  const tokens = tokensOf(sql);
  // In doubt it does what it could.
  if (!tokens) return /\b(?:create|alter|into\s+temp)/i.test(sql);
  // Code in a string, run by the statement itself; what it puts together from pieces is not seen.
  if (tokens.some((token, at) => isWord(token, 'do') && (tokens[at - 1]?.text ?? ';') === ';')) return CODE_OF_SHADOW.test(sql);
  const makes = tokens.some((token, at) => {
    const next = tokens[at + 1];
    // The path of a function may end with that of temporary tables, and should.
    if (isWord(token, 'alter')) return next !== undefined && !isWord(next, 'function');
    return isWord(token, 'create') || (isWord(token, 'into') && TEMPORARY.test(next?.text ?? ''));
  });
  // SQLite takes a string for a name.
  return makes && tokens.some(({ text }) => TEMPORARY.test(text)) && tokens.some(({ text }) => text.startsWith('sys_audit_'));
}

function isWord({ kind, text }: SqlToken, ...words: readonly string[]): boolean {
  return kind === 'word' && words.includes(text);
}

/** Nothing where the text does not tell what the statement does. */
function tokensOf(sql: string): SqlToken[] | undefined {
  if (ESCAPED_NAME.test(sql)) return undefined;
  try {
    return sqlTokens(sql);
  } catch (error) {
    if (error instanceof OpaqueSqlError) return undefined;
    throw error;
  }
}
