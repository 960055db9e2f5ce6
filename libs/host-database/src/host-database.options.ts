import type { DatabaseOptions, DatabaseType, EntityDefinition, MigratePolicy, MigrationDefinition } from './database/index.js';
import type { AuditOptions } from './audit/index.js';
import type { AccessOptions } from './access/index.js';
import type { BillingOptions } from './billing/index.js';
import type { JobsOptions } from './jobs/index.js';
import type { MembershipsOptions } from './memberships/index.js';
import type { UsersOptions } from './users/index.js';
import type { SecretsOptions, TenantDirectoryOptions, TenantDomainsOptions, TenantDeletionOptions } from './tenants/index.js';
import type { TenantDatabasesOptions, GivenTenantDatabasesOptions } from './tenant-databases/index.js';

/** What an application keeps in the host database beside the library's tables. */
export interface HostTablesOptions {
  /** Its entities there: their repositories can be injected, and they are part of the host's unit of work. */
  readonly entities?: readonly EntityDefinition[];
  /**
   * The migrations of their tables, for the type of database that the application runs on. They run behind the library's, in the same
   * transaction, by the policy `migrate`, and are recorded beside them in `sys_migrations`. No two may have the same name. Without
   * them the tables are the application's to make: the library makes none from entities, and drops none.
   */
  readonly migrations?: readonly MigrationDefinition[];
}

/** All options of the library. Every one has a default; without `database` the `DB_*` environment is read. */
export interface HostDatabaseOptions {
  /** Where the host database is. @default the `DB_*` environment */
  readonly database?: DatabaseOptions;
  /** What happens to the host's tables at boot. @default 'on-boot' */
  readonly migrate?: MigratePolicy;
  /** The application's own tables in the host database. */
  readonly hostDatabase?: HostTablesOptions;
  /** The tenants' own databases. Without entities nothing but the host database is used. */
  readonly tenantDatabases?: GivenTenantDatabasesOptions;
  /** What this process remembers of the catalogue of tenants. */
  readonly tenantDirectory?: Partial<TenantDirectoryOptions>;
  /** How tenants prove that a domain is theirs. */
  readonly tenantDomains?: Partial<TenantDomainsOptions>;
  /** How this process takes part in the work of the queue. */
  readonly jobs?: Partial<JobsOptions>;
  /** What the audit log records, and how it is protected. */
  readonly audit?: Partial<AuditOptions>;
  /** How people are known: passwords, mail. */
  readonly users?: UsersOptions;
  /** Who may do what in a tenant: permissions, invitations. */
  readonly memberships?: MembershipsOptions;
  /** What plans include, who has it, and how payments are followed. */
  readonly billing?: BillingOptions;
  /** Who comes in, and where to: sessions, tokens, sign-in, how the tenant of a request is found. */
  readonly access?: AccessOptions;
  /** With which keys the addresses of tenants are encrypted at rest. Without it none may have a password. */
  readonly secrets?: SecretsOptions;
  /** How long a tenant that is to be deleted can be restored, and where its data is exported to. */
  readonly tenantDeletion?: Partial<TenantDeletionOptions>;
}

/** What decides which providers exist, and so has to be known before an asynchronous factory has run. */
export interface HostDatabaseStructure {
  /** @default `DB_TYPE` of the environment */
  readonly type?: DatabaseType;
  /** The application's own tables in the host database. */
  readonly hostDatabase?: HostTablesOptions;
  /** The entities of the tenants' databases, for `@InjectTenantRepository()`. */
  readonly entities?: TenantDatabasesOptions['entities'];
}

/** What an asynchronous factory returns: everything but the structure. */
export type HostDatabaseFactoryOptions = Omit<HostDatabaseOptions, 'hostDatabase' | 'tenantDatabases'> & {
  readonly tenantDatabases?: Omit<GivenTenantDatabasesOptions, 'entities'>;
};
