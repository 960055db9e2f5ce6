export { findMissingGuards, hasGuardedTables } from './append-only/index.js';
export { appendOnlyStatements as guardStatements } from './append-only/postgresql.sql.js';
export { tenantGuardStatements } from './tenant-guards/postgresql.sql.js';
export { ACCESS_CHANGES_CHANNEL, ACCESS_CHANGES_TABLE, ACCESS_TABLES, type AccessSubject } from './access-changes/index.js';
export { BILLING_CHANGES_CHANNEL, BILLING_CHANGES_TABLE, EVERY_TENANT } from './billing-changes/index.js';
export {
  ChangeFeed,
  type ChangeListener,
  PostgresqlChangeFeed,
  SqliteChangeFeed,
  SqliteNotes,
  UnheardChangeFeed,
} from './change-feeds/index.js';
export { connectWithRetries } from './connect.js';
export { isConnectionFailure } from './connection-failure.js';
export { DATABASE_OPTIONS, DATABASE_SETTINGS, DIRECT_CONNECTION } from './database.constants.js';
export { type DatabaseEnv, databaseOptionsFromEnv, databaseTypeFromEnv } from './database.env.js';
export {
  DatabaseConfigError,
  DatabaseDriverMissingError,
  DatabaseUnreachableError,
  NoUnitOfWorkError,
  PendingChangesError,
  SchemaOutdatedError,
  SnapshotIsolationError,
  TransactionRollbackOnlyError,
  WrongSchemaError,
} from './database.errors.js';
export { DatabaseModule, type DatabaseModuleOptions } from './database.module.js';
export type {
  ConnectOptions,
  DatabaseOptions,
  DatabaseType,
  MigratePolicy,
  MikroOrmPassThrough,
  PoolOptions,
} from './database.options.js';
export { DatabaseSettings } from './database-settings.js';
export { parseDatabaseUrl, withoutPassword, withPassword } from './database-url.js';
export { getDbUri } from './db-uri.js';
export { dialectOf, type ServerAdministration, type UserAdministration, type ClosingThreads } from './dialects/index.js';
export { preparedStatement } from './dialects/prepared-statement.js';
export {
  type DirectConnection,
  type NotificationSubscriber,
  type NotificationSubscription,
  PostgresqlDirectConnection,
  type PostgresqlQuery,
  SqliteDirectConnection,
} from './direct-connection/index.js';
export { assertFreshReads } from './fresh-reads.js';
export { hostOrmOptions, prepareHostOrm } from './host-orm.js';
export { hostMigrations, type MigrationDefinition } from './migrations/index.js';
export {
  applyMigrations,
  entitySchema,
  knownMigrations,
  lacksFromEntities,
  pendingMigrations,
  updateFromEntities,
} from './schema-migrations.js';
export { type EntityDefinition, type OrmBlueprint, ormOptions } from './orm-options.js';
export { type PasswordSource, passwordSource } from './password-source.js';
export { assertOwnSchema } from './own-schema.js';
export { FOLLOWS_CHANGES, hasPendingChanges } from './pending-changes.js';
export { type KeyedTable, readRowsAsJson } from './row-pages.js';
export type { SqlEntityManagerClass } from './scoped-entity-manager.js';
export { StatementGuards } from './statement-guards.js';
export { TENANT_CHANGES_CHANNEL, TENANT_CHANGES_TABLE } from './tenant-changes/index.js';
export { findMissingTenantGuards, refusedTransition, TENANT_TRANSITIONS } from './tenant-guards/index.js';
export { TENANT_CONTEXT_PREFIX, TransactionScope } from './transaction-scope.js';
export { isTransientFailure } from './transient-failure.js';
export { type TransactionalOptions, UnitOfWork } from './unit-of-work.service.js';
export { violatesUnique } from './violations.js';
