export { findMissingGuards, hasGuardedTables } from './append-only/index.js';
export { appendOnlyStatements as guardStatements } from './append-only/postgresql.sql.js';
export { connectWithRetries } from './connect.js';
export { DATABASE_OPTIONS, DATABASE_SETTINGS, DIRECT_CONNECTION } from './database.constants.js';
export { type DatabaseEnv, databaseOptionsFromEnv, databaseTypeFromEnv } from './database.env.js';
export {
  DatabaseConfigError,
  DatabaseDriverMissingError,
  DatabaseUnreachableError,
  NoUnitOfWorkError,
  PendingChangesError,
  SchemaOutdatedError,
  TransactionRollbackOnlyError,
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
export { type ClosingThreads, dialectOf } from './dialects/index.js';
export {
  type DirectConnection,
  PostgresqlDirectConnection,
  type PostgresqlQuery,
  type PostgresqlSession,
  SqliteDirectConnection,
} from './direct-connection/index.js';
export { hostOrmOptions, prepareHostOrm } from './host-orm.js';
export {
  applyMigrations,
  entitySchema,
  knownMigrations,
  lacksFromEntities,
  pendingMigrations,
  updateFromEntities,
} from './schema-migrations.js';
export { hostMigrations } from './migrations/index.js';
export { type EntityDefinition, type OrmBlueprint, ormOptions } from './orm-options.js';
export { type PasswordSource, passwordSource } from './password-source.js';
export { FOLLOWS_CHANGES, hasPendingChanges } from './pending-changes.js';
export type { SqlEntityManagerClass } from './scoped-entity-manager.js';
export { StatementGuards } from './statement-guards.js';
export { TENANT_CONTEXT_PREFIX, TransactionScope } from './transaction-scope.js';
export { type TransactionalOptions, UnitOfWork } from './unit-of-work.service.js';
export { violatesUnique } from './violations.js';
