import type { DatabaseType } from '../database.options.js';
import type { Dialect } from './dialect.interface.js';
import { postgresqlDialect } from './postgresql.dialect.js';
import { sqliteDialect } from './sqlite.dialect.js';

export type { ClosingThreads } from './closing-threads.js';
export type { Dialect } from './dialect.interface.js';
export type { ServerAdministration, UserAdministration } from './server-administration.interface.js';

/** What is particular to a type of database. */
export function dialectOf(type: DatabaseType): Dialect {
  return type === 'sqlite' ? sqliteDialect : postgresqlDialect;
}
