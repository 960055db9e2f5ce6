import type { SqlEntityManager } from '@mikro-orm/sql';
import type { DatabaseType } from '../database.options.js';
import { findMissingGuards as findOnPostgresql } from './postgresql.sql.js';
import { findMissingGuards as findOnSqlite } from './sqlite.sql.js';

/** The guards of append-only tables that are missing, or are switched off, by name. */
export async function findMissingGuards(em: SqlEntityManager, type: DatabaseType): Promise<string[]> {
  const rows: { name: string }[] = await em.getConnection().execute(type === 'sqlite' ? findOnSqlite : findOnPostgresql);
  return rows.map(({ name }) => name);
}

/** Whether there are append-only tables to be guarded. */
export async function hasGuardedTables(em: SqlEntityManager, type: DatabaseType): Promise<boolean> {
  const sql =
    type === 'sqlite'
      ? `select 1 from sqlite_schema where name = 'sys_audit_checkpoints'`
      : `select 1 where to_regclass('sys_audit_checkpoints') is not null`;
  return (await em.getConnection().execute(sql)).length > 0;
}
