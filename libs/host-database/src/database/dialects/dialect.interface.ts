import type { Configuration, IDatabaseDriver, Options } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import type { DatabaseSettings } from '../database-settings.js';
import type { DatabaseType } from '../database.options.js';
import type { AdministeredServer, ServerAdministration } from './server-administration.interface.js';
import type { ClosingThreads } from './closing-threads.js';
import type { SqlEntityManagerClass } from '../scoped-entity-manager.js';

/** What a driver package brings. */
export interface DialectDriver {
  readonly driver: new (config: Configuration) => IDatabaseDriver;
  readonly entityManager: SqlEntityManagerClass;
}

/** Everything in which PostgreSQL and SQLite differ for the library. Only the database room knows which one it talks to. */
export interface Dialect {
  readonly type: DatabaseType;

  /** SQL for the database's own time, comparable with a datetime column. */
  readonly now: string;

  /** SQL that ends a `select` which claims rows, so that claimants pass each other instead of waiting. */
  readonly skipLocked: string;

  /** SQL for the database's own time plus a number of milliseconds, given as one `?` parameter. */
  readonly nowPlusMs: string;

  /**
   * Imports the driver package on demand.
   *
   * @throws DatabaseDriverMissingError when it is not installed
   */
  loadDriver(place?: Pick<DatabaseSettings, 'schema'>): Promise<DialectDriver>;

  /** The part of MikroORM's options that says where the database is. */
  connectionOptions(settings: DatabaseSettings): Partial<Options>;

  /** Has what was committed in this database reach the disk, without blocking the thread. Not there where a commit does that. */
  readonly syncToDisk?: (databaseName: string) => Promise<void>;

  /** Threads that close many databases of this kind beside the application's. Not there where closing blocks nobody. */
  readonly closingThreads?: (size: number) => ClosingThreads;

  /**
   * SQL for a connection that migrates, and for the time after. It tells at once that somebody else has the lock, and leaves the disk to
   * {@link syncToDisk}. Not there where neither waiting nor syncing blocks anybody else. Never in a transaction.
   */
  readonly migratingSession?: { readonly begin: readonly string[]; readonly end: readonly string[] };

  /**
   * Makes every other process that migrates the same database, or schema, wait until the current transaction has ended.
   *
   * @throws LockWaitTimeoutException when another has had the lock for much longer than a migration takes
   */
  lockForMigration(em: SqlEntityManager): Promise<void>;

  /** Where a tenant's own database lives on a server, without credentials: what `core_tenants.db_url` holds. */
  tenantDatabaseUrl(server: DatabaseSettings, tenantId: string, directory: string): string;

  /** What makes and removes places and users on a server. */
  administration(server: AdministeredServer): ServerAdministration;

  /**
   * Gives a user of the server another password, as part of the transaction of `em`; connections that are open go on. The password
   * itself is not in the statement. Not there where a database has no users.
   */
  readonly changePassword?: (em: SqlEntityManager, user: string, password: string) => Promise<void>;

  /** Whether every user of the server may connect to the database of `em`. Not there where a database has no users. */
  readonly isOpenToPublic?: (em: SqlEntityManager) => Promise<boolean>;

  /** Drops a user who owns nothing any more, if there is one. Not there where a database has no users. */
  readonly dropUser?: (admin: SqlEntityManager, user: string) => Promise<void>;

  /** Drops the database or deletes the file with its -wal and -shm, if it exists. Cuts its connections. */
  dropDatabase(admin: SqlEntityManager, settings: DatabaseSettings): Promise<void>;
}
