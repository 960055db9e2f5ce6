import type { Options } from '@mikro-orm/core';
import { InvalidOptionError } from '../../common/index.js';
import type { DatabaseType } from '../database.options.js';
import { postgresqlMigrations } from './postgresql/index.js';
import { sqliteMigrations } from './sqlite/index.js';

/** Where the executed migrations of the host's tables are recorded, apart from those of the application. */
const MIGRATIONS_TABLE = 'sys_migrations';

/** A migration as MikroORM takes it: a class, or one with a name of its own. */
export type MigrationDefinition = NonNullable<NonNullable<Options['migrations']>['migrationsList']>[number];

/**
 * The migrations of the host's tables for one type of database, and behind them those of the application's own tables.
 *
 * @throws InvalidOptionError when two have the same name, since the one that runs second would count as executed
 */
export function hostMigrations(type: DatabaseType, own: readonly MigrationDefinition[] = []): NonNullable<Options['migrations']> {
  const migrations: readonly MigrationDefinition[] = type === 'sqlite' ? sqliteMigrations : postgresqlMigrations;
  assertNames(own, new Set(migrations.map(nameOf)));
  return {
    tableName: MIGRATIONS_TABLE,
    migrationsList: [...migrations, ...own],
    snapshot: false,
    silent: true,
    allOrNothing: true,
    disableForeignKeys: false,
  };
}

function nameOf(migration: MigrationDefinition): string {
  return migration.name;
}

function assertNames(own: readonly MigrationDefinition[], ofLibrary: ReadonlySet<string>): void {
  const seen = new Set<string>();
  for (const name of own.map(nameOf)) {
    if (ofLibrary.has(name)) {
      throw new InvalidOptionError('hostDatabase.migrations', `has '${name}', which is one of the library's. Rename it.`);
    }
    if (seen.has(name)) throw new InvalidOptionError('hostDatabase.migrations', `has two named '${name}'. Rename one.`);
    seen.add(name);
  }
}
