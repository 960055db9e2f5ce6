import type { Options } from '@mikro-orm/core';
import { assertWholeOption, withDefaults } from '../common/index.js';
import type { ConnectOptions, EntityDefinition, MikroOrmPassThrough, PoolOptions } from '../database/index.js';

/** What is in a tenant's own database, and how this process reaches it. */
export class TenantDatabasesOptions {
  /** The entities of the tenants' databases. They decide which repositories can be injected, so they are needed at registration. */
  readonly entities: readonly EntityDefinition[] = [];
  /** The migrations of the tenants' databases, as MikroORM takes them. Without them the tables are made from the entities. */
  readonly migrations?: Options['migrations'];
  /** Where the files of SQLite tenants are. @default 'tenants', below the working directory */
  readonly directory: string = 'tenants';
  /** The connections that this process keeps to each PostgreSQL tenant. */
  readonly pool: PoolOptions = { min: 0, max: 4, idleTimeoutMillis: 10_000 };
  /** How long this process goes on without asking the catalogue whether a tenant is still active. */
  readonly catalogTtlMs: number = 1_000;
  /** How often an unreachable tenant database is tried. */
  readonly connect: ConnectOptions = { attempts: 3, backoffMs: 100 };
  /** Handed to MikroORM as it is; the host's `driverOptions` (TLS) apply where there are none here. */
  readonly mikroOrm?: MikroOrmPassThrough;
}

/** Injection token of the entities, which are known before the other options are. */
export const TENANT_ENTITIES = Symbol('nestjs-host-database:tenant-entities');

/** Injection token of the {@link TenantDatabasesOptions}. */
export const TENANT_DATABASES_OPTIONS = Symbol('nestjs-host-database:tenant-databases-options');

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDatabasesOptions(given: Partial<TenantDatabasesOptions> | undefined): TenantDatabasesOptions {
  const options = withDefaults(new TenantDatabasesOptions(), given);
  assertWholeOption('tenantDatabases.catalogTtlMs', options.catalogTtlMs, 0);
  return options;
}
