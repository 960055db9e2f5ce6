import { DatabaseConfigError } from './database.errors.js';
import type { DatabaseOptions, DatabaseType } from './database.options.js';

const TYPES: Readonly<Record<string, DatabaseType>> = { POSTGRESQL: 'postgresql', SQLITE: 'sqlite' };

/** The variables that {@link databaseOptionsFromEnv} reads. */
export type DatabaseEnv = Readonly<Record<string, string | undefined>>;

/**
 * Reads `DB_TYPE` (`POSTGRESQL` by default, or `SQLITE`), `DB_USER` (`postgres`), `DB_PASS` (required for PostgreSQL), `DB_HOST`
 * (`localhost`), `DB_PORT` (`5432`) and `DB_NAME` (`app_host`; for SQLite the file `<name>.db`). An empty variable counts as
 * missing.
 *
 * @throws DatabaseConfigError one message that names every variable that is missing or wrong, and the fix
 */
export function databaseOptionsFromEnv(env: DatabaseEnv = process.env): DatabaseOptions & { readonly type: DatabaseType } {
  const problems: string[] = [];
  const type = TYPES[typeName(env)];
  if (type === undefined) problems.push(unknownType(env));
  const port = env.DB_PORT || '5432';
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    problems.push(`DB_PORT is '${port}'. Set it to a whole number from 1 to 65535, or leave it out for 5432.`);
  }
  if (type === 'postgresql' && !env.DB_PASS) {
    problems.push('DB_PASS is missing. Set it to the password of DB_USER, or set DB_TYPE=SQLITE to work with a file.');
  }
  if (type === undefined || problems.length > 0) throw new DatabaseConfigError(problems);
  const name = env.DB_NAME || 'app_host';
  if (type === 'sqlite') return { type, name };
  return {
    type,
    name,
    host: env.DB_HOST || 'localhost',
    port: Number(port),
    user: env.DB_USER || 'postgres',
    ...(env.DB_PASS && { password: env.DB_PASS }),
  };
}

/**
 * Reads `DB_TYPE` alone.
 *
 * @throws DatabaseConfigError when there is no such type
 */
export function databaseTypeFromEnv(env: DatabaseEnv = process.env): DatabaseType {
  const type = TYPES[typeName(env)];
  if (type === undefined) throw new DatabaseConfigError([unknownType(env)]);
  return type;
}

function typeName(env: DatabaseEnv): string {
  return (env.DB_TYPE || 'POSTGRESQL').toUpperCase();
}

function unknownType(env: DatabaseEnv): string {
  return `DB_TYPE is '${env.DB_TYPE}'. Set it to POSTGRESQL or SQLITE.`;
}
