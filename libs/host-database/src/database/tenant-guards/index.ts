import type { SqlEntityManager } from '@mikro-orm/sql';
import type { DatabaseType } from '../database.options.js';
import { findMissingTenantGuards as findOnPostgresql } from './postgresql.sql.js';
import { findMissingTenantGuards as findOnSqlite } from './sqlite.sql.js';
import { TRANSITION_REFUSED } from './transitions.js';

export { TENANT_TRANSITIONS } from './transitions.js';

/** The guards of the lives of tenants that are missing, or are switched off, by name. */
export async function findMissingTenantGuards(em: SqlEntityManager, type: DatabaseType): Promise<string[]> {
  const rows: { name: string }[] = await em.getConnection().execute(type === 'sqlite' ? findOnSqlite : findOnPostgresql);
  return rows.map(({ name }) => name);
}

/** What an error says of a change of a tenant's status that the database has refused; undefined where it says something else. */
export function refusedTransition(error: unknown): { readonly from: string; readonly to: string } | undefined {
  const [, , from, to] = (error instanceof Error ? TRANSITION_REFUSED.exec(error.message) : null) ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}
