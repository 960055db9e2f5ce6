import type { SqlEntityManager } from '@mikro-orm/sql';
import type { DatabaseType } from '../database.options.js';
import { findMissingGuards as findOnPostgresql } from './postgresql.sql.js';
import { findMissingGuards as findOnSqlite } from './sqlite.sql.js';

/** The guards of append-only tables that are missing, or are switched off, by name. */
export async function findMissingGuards(em: SqlEntityManager, type: DatabaseType): Promise<string[]> {
  const rows: { name: string }[] = await em.getConnection().execute(type === 'sqlite' ? findOnSqlite : findOnPostgresql);
  return rows.map(({ name }) => name);
}
