import type { Options } from '@mikro-orm/core';
import type { DatabaseSettings } from '../database-settings.js';
import { quoteIdentifier } from './postgresql-identifiers.js';

/** The part of MikroORM's options that says where a PostgreSQL database, or a schema of one, is. */
export function postgresqlConnection(settings: DatabaseSettings): Partial<Options> {
  const { schema, ssl } = settings;
  const driverOptions = {
    ...(ssl !== undefined && { ssl }),
    // For what MikroORM does not write the schema into: raw SQL, Kysely, migrations.
    ...(schema !== undefined && { options: searchPathOption(schema) }),
  };
  return {
    dbName: settings.name,
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password: settings.revealPassword(),
    pool: settings.pool,
    ...(schema !== undefined && { schema }),
    ...(Object.keys(driverOptions).length > 0 && { driverOptions }),
  };
}

/** For a connection as it begins. In the words of the server's command line, where a backslash takes a space's meaning away. */
function searchPathOption(schema: string): string {
  return `-c search_path=${quoteIdentifier(schema).replaceAll(/[\\\s]/g, String.raw`\$&`)}`;
}
