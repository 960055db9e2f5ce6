import type { Options } from '@mikro-orm/core';

/** The databases that the host database runs on. */
export type DatabaseType = 'postgresql' | 'sqlite';

/** What the library decides itself and an application therefore cannot pass through. */
type OwnedByTheLibrary =
  | 'allowGlobalContext'
  | 'clientUrl'
  | 'context'
  | 'contextName'
  | 'dbName'
  | 'driver'
  | 'entities'
  | 'entitiesTs'
  | 'entityManager'
  | 'extensions'
  | 'host'
  | 'migrations'
  | 'password'
  | 'pool'
  | 'port'
  | 'user';

/** What MikroORM itself offers and the library hands on: replicas, logging, TLS (`driverOptions`), result cache and the rest. */
export type MikroOrmPassThrough = Partial<Omit<Options, OwnedByTheLibrary>>;

/** The connections that one process keeps to one database. */
export interface PoolOptions {
  readonly min?: number;
  readonly max?: number;
  readonly idleTimeoutMillis?: number;
}

/** Where the host database is, and how to talk to it. */
export interface DatabaseOptions {
  /** @default 'postgresql' */
  readonly type?: DatabaseType;
  /** `postgresql://user:password@host:port/name` or `sqlite:path/to/file.db`; the single parts below win over it. */
  readonly url?: string;
  /** @default 'localhost' */
  readonly host?: string;
  /** @default 5432 */
  readonly port?: number;
  /** @default 'postgres' */
  readonly user?: string;
  readonly password?: string;
  /**
   * The name of the PostgreSQL database, or the path of the SQLite file without its `.db`; `:memory:` keeps it in memory.
   *
   * @default 'app_host'
   */
  readonly name?: string;
  /** PostgreSQL only; SQLite has one connection in each process. */
  readonly pool?: PoolOptions;
  /**
   * PostgreSQL only: whether each connection keeps the statement that appends to the audit log, which the server then parses and plans once.
   * Turn it off behind a proxy that pools transactions and does not know prepared statements: PgBouncer before 1.21, or with
   * `max_prepared_statements = 0`.
   *
   * @default true
   */
  readonly preparedStatements?: boolean;
  /** How often an unreachable server is tried before the boot fails. */
  readonly connect?: ConnectOptions;
  /** Handed to MikroORM as it is. */
  readonly mikroOrm?: MikroOrmPassThrough;
}

/** How patient the boot is with a database that does not answer. */
export interface ConnectOptions {
  /** How many times to try in all. @default 5 */
  readonly attempts?: number;
  /** The wait before the second try; it doubles with each further one. @default 200 */
  readonly backoffMs?: number;
  /** How long one try may take. @default 5000 */
  readonly timeoutMs?: number;
}

/**
 * What happens to the host's tables at boot: `on-boot` creates or upgrades them, `check` stops the boot when a migration is
 * pending, `off` does nothing.
 */
export type MigratePolicy = 'on-boot' | 'check' | 'off';
