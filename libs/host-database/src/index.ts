export { HostAuditLog } from './audit/index.js';
export { PricingPlan, Subscription } from './billing/index.js';
export {
  Clock,
  genId,
  HostDatabaseError,
  InvalidIdError,
  InvalidInputError,
  InvalidOptionError,
  isId,
  SystemClock,
  timestamp,
} from './common/index.js';
export { ContextService, type HostContext, NoContextError } from './context/index.js';
export {
  type ConnectOptions,
  DatabaseConfigError,
  DatabaseDriverMissingError,
  type DatabaseEnv,
  type DatabaseOptions,
  databaseOptionsFromEnv,
  type DatabaseType,
  DatabaseUnreachableError,
  type EntityDefinition,
  getDbUri,
  type MigratePolicy,
  type MigrationDefinition,
  type MikroOrmPassThrough,
  NoUnitOfWorkError,
  PendingChangesError,
  type PoolOptions,
  SchemaOutdatedError,
  SnapshotIsolationError,
  type TransactionalOptions,
  TransactionRollbackOnlyError,
  UnitOfWork,
  WrongSchemaError,
} from './database/index.js';
export { HostDatabase, type HostDatabaseScriptOptions } from './host-database.js';
export { hostDatabaseConfig } from './host-database.config.js';
export { type HostDatabaseAsyncOptions, HostDatabaseModule } from './host-database.module.js';
export type {
  HostDatabaseFactoryOptions,
  HostDatabaseOptions,
  HostDatabaseStructure,
  HostTablesOptions,
} from './host-database.options.js';
export { hostEntities } from './host-entities.js';
export { hostOrmConfig } from './host-orm-config.js';
export { SystemJob } from './jobs/index.js';
export { Membership } from './memberships/index.js';
export { TenantCatalog } from './tenants/index.js';
export { GlobalUser } from './users/index.js';
