import type { Options } from '@mikro-orm/core';
import { type DatabaseOptions, databaseOptionsFromEnv, hostOrmOptions } from './database/index.js';
import { hostEntities } from './host-entities.js';

/**
 * MikroORM's options for the host database, for a `mikro-orm.config.ts`: `npx mikro-orm migration:up`, `migration:pending`,
 * `schema:update --dump` and the rest then work on it.
 *
 * @default the `DB_*` environment
 */
export async function hostOrmConfig(database: DatabaseOptions = databaseOptionsFromEnv()): Promise<Options> {
  return hostOrmOptions({ database, entities: hostEntities });
}
