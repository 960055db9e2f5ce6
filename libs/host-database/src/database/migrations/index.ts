import type { Options } from '@mikro-orm/core';
import type { DatabaseType } from '../database.options.js';
import { postgresqlMigrations } from './postgresql/index.js';
import { sqliteMigrations } from './sqlite/index.js';

/** Where the executed migrations of the host's tables are recorded, apart from those of the application. */
const MIGRATIONS_TABLE = 'sys_migrations';

/** The migrations of the host's tables for one type of database. */
export function hostMigrations(type: DatabaseType): NonNullable<Options['migrations']> {
  return {
    tableName: MIGRATIONS_TABLE,
    migrationsList: type === 'sqlite' ? sqliteMigrations : postgresqlMigrations,
    snapshot: false,
    silent: true,
    allOrNothing: true,
    disableForeignKeys: false,
  };
}
