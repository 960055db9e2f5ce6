import type { DatabaseOptions, DatabaseType, MigratePolicy } from './database/index.js';
import type { AuditOptions } from './audit/index.js';
import type { JobsOptions } from './jobs/index.js';
import type { SecretsOptions } from './tenants/index.js';
import type { GivenTenantDatabasesOptions, TenantDatabasesOptions } from './tenant-databases/index.js';

/** All options of the library. Every one has a default; without `database` the `DB_*` environment is read. */
export interface HostDatabaseOptions {
  /** Where the host database is. @default the `DB_*` environment */
  readonly database?: DatabaseOptions;
  /** What happens to the host's tables at boot. @default 'on-boot' */
  readonly migrate?: MigratePolicy;
  /** The tenants' own databases. Without entities nothing but the host database is used. */
  readonly tenantDatabases?: GivenTenantDatabasesOptions;
  /** How this process takes part in the work of the queue. */
  readonly jobs?: Partial<JobsOptions>;
  /** What the audit log records, and how it is protected. */
  readonly audit?: Partial<AuditOptions>;
  /** With which keys the addresses of tenants are encrypted at rest. Without it none may have a password. */
  readonly secrets?: SecretsOptions;
}

/** What decides which providers exist, and so has to be known before an asynchronous factory has run. */
export interface HostDatabaseStructure {
  /** @default `DB_TYPE` of the environment */
  readonly type?: DatabaseType;
  /** The entities of the tenants' databases, for `@InjectTenantRepository()`. */
  readonly entities?: TenantDatabasesOptions['entities'];
}

/** What an asynchronous factory returns: everything but the structure. */
export type HostDatabaseFactoryOptions = Omit<HostDatabaseOptions, 'tenantDatabases'> & {
  readonly tenantDatabases?: Omit<GivenTenantDatabasesOptions, 'entities'>;
};
