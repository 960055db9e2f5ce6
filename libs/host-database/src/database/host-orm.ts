import { type EntityManager, MikroORM, type Options } from '@mikro-orm/core';
import { connectWithRetries } from './connect.js';
import type { DatabaseOptions, MigratePolicy } from './database.options.js';
import { DatabaseSettings } from './database-settings.js';
import { dialectOf } from './dialects/index.js';
import { migrateSchema } from './host-schema.js';
import { hostMigrations, type MigrationDefinition } from './migrations/index.js';
import { type EntityDefinition, ormOptions } from './orm-options.js';
import type { StatementGuards } from './statement-guards.js';
import { ACCESS_CHANGES_TABLE } from './access-changes/index.js';
import { BILLING_CHANGES_TABLE } from './billing-changes/index.js';
import { TENANT_CHANGES_TABLE } from './tenant-changes/index.js';
import { TransactionScope } from './transaction-scope.js';
import { hostContext } from './unit-of-work.service.js';

/** What the host's ORM is made of. */
export interface HostOrmBlueprint {
  readonly database: DatabaseOptions;
  readonly entities: readonly EntityDefinition[];
  /** Those of the application's own tables. */
  readonly migrations?: readonly MigrationDefinition[];
  readonly scope?: TransactionScope;
  /** Watches every statement. */
  readonly guards?: StatementGuards;
  /** Tells several host databases of one process apart. A Nest application's has none. */
  readonly contextName?: string;
  /** The EntityManager of a script, used where there is neither request nor job. */
  readonly script?: () => EntityManager | undefined;
}

/** What migrations make that entities cannot say: the guards and the partitions of the log, and what tells of changed tenants. The schema diff would drop them. */
const UNMANAGED: Options['schemaGenerator'] = {
  ignoreTriggers: true,
  ignoreRoutines: true,
  skipTables: [/^sys_audit_logs_p\d+$/, TENANT_CHANGES_TABLE, ACCESS_CHANGES_TABLE, BILLING_CHANGES_TABLE],
};

/** MikroORM's options for the host database: what the module, scripts and MikroORM's own CLI run on. */
export async function hostOrmOptions({
  database,
  entities,
  migrations,
  scope = new TransactionScope(),
  guards,
  script,
  contextName,
}: HostOrmBlueprint): Promise<Options> {
  const settings = DatabaseSettings.from(database);
  return ormOptions({
    settings,
    entities,
    scope,
    ...(guards && { guards }),
    context: hostContext(scope, script),
    ...(contextName !== undefined && { contextName }),
    migrations: hostMigrations(settings.type, migrations),
    mikroOrm: { ...database.mikroOrm, schemaGenerator: { ...UNMANAGED, ...database.mikroOrm?.schemaGenerator } },
  });
}

/**
 * Connects an ORM of the host database and brings its tables up to date; closes it where that fails.
 *
 * @throws DatabaseUnreachableError when the server does not answer
 * @throws SchemaOutdatedError when `migrate` is `check` and a migration is pending
 */
export async function prepareHostOrm(orm: MikroORM, database: DatabaseOptions, migrate: MigratePolicy): Promise<void> {
  const settings = DatabaseSettings.from(database);
  await connectWithRetries(orm, settings, database.connect);
  try {
    await migrateSchema(orm, dialectOf(settings.type), migrate);
  } catch (error) {
    await orm.close(true);
    throw error;
  }
}
