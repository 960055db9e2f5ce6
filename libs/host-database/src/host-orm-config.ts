import type { Options } from '@mikro-orm/core';
import { type DatabaseOptions, databaseOptionsFromEnv, hostOrmOptions } from './database/index.js';
import type { HostTablesOptions } from './host-database.options.js';
import { hostEntities } from './host-entities.js';

/**
 * MikroORM's options for the host database, for a `mikro-orm.config.ts`: `npx mikro-orm migration:up`, `migration:pending`,
 * `schema:update --dump` and the rest then work on it.
 *
 * @param database @default the `DB_*` environment
 * @param own the application's own tables, as `HostDatabaseModule.forRoot()` is given them as `hostDatabase`
 * @throws InvalidOptionError when two migrations have the same name
 */
export async function hostOrmConfig(
  database: DatabaseOptions = databaseOptionsFromEnv(),
  { entities = [], migrations = [] }: HostTablesOptions = {},
): Promise<Options> {
  return hostOrmOptions({ database, entities: [...hostEntities, ...entities], migrations });
}
