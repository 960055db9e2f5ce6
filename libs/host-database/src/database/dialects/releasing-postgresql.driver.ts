import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DriverException } from '@mikro-orm/core';
import { type Configuration, EntityManager, type PostgreSqlConnection, PostgreSqlDriver } from '@mikro-orm/postgresql';
import { assertOwnSchema } from '../own-schema.js';
import { isPasswordSource } from '../password-source.js';
import { orOwnError } from './own-errors.js';
import {
  type KyselyDialect,
  type PoolOverrides,
  PreparingPostgresqlConnection,
  withClients,
} from './preparing-postgresql.connection.js';

export { EntityManager };

/** How long a server has to end a connection that it was asked to end. */
const GOODBYE_MS = 1_000;

type KyselyDriver = ReturnType<KyselyDialect['createDriver']>;
type KyselyConnection = Awaited<ReturnType<KyselyDriver['acquireConnection']>>;

/**
 * Gives a connection back to the pool when its transaction can neither begin nor roll back.
 *
 * Kysely gives back the connection of a transaction after a COMMIT or ROLLBACK that succeeds, and only then. When the server is lost,
 * each transaction that is open would keep its connection for ever, and once there have been as many as the pool is large everything
 * waits for ever, also after the server is back. The pool throws away a connection that is dead.
 */
function releaseAlways(driver: KyselyDriver): KyselyDriver {
  const acquireConnection = driver.acquireConnection.bind(driver);
  const beginTransaction = driver.beginTransaction.bind(driver);
  const rollbackTransaction = driver.rollbackTransaction.bind(driver);
  const releaseConnection = driver.releaseConnection.bind(driver);
  const taken = new WeakSet<KyselyConnection>();

  driver.acquireConnection = async (options) => {
    const connection = await acquireConnection(options);
    taken.add(connection);
    return connection;
  };
  driver.releaseConnection = async (connection, options) => {
    // The pool throws at whoever gives the same one back twice.
    if (taken.delete(connection)) await releaseConnection(connection, options);
  };
  const orRelease = async (connection: KyselyConnection, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      await driver.releaseConnection(connection);
      throw error;
    }
  };
  driver.beginTransaction = (connection, settings) => orRelease(connection, () => beginTransaction(connection, settings));
  driver.rollbackTransaction = (connection) => orRelease(connection, () => rollbackTransaction(connection));
  return driver;
}

/** SQLSTATE of a password that the server refuses. */
const INVALID_PASSWORD = '28P01';

/**
 * Opens a connection with the password as it is now: one that was changed while the pool was open is read again when the server
 * refuses the old one. Whoever asked for the connection does not notice.
 */
function withCurrentPassword(driver: KyselyDriver, password: unknown): KyselyDriver {
  if (!isPasswordSource(password)) return driver;
  const acquireConnection = driver.acquireConnection.bind(driver);
  driver.acquireConnection = async (options) => {
    for (;;) {
      const tried = password();
      try {
        return await acquireConnection(options);
      } catch (error) {
        if ((error as { code?: unknown }).code !== INVALID_PASSWORD) throw error;
        // Another connection of the pool may have read it meanwhile.
        if (password() === tried && !(await password.refresh())) throw error;
      }
    }
  };
  return driver;
}

/** What is needed here of a client of `pg`. */
type Client = EventEmitter & { end(): Promise<void> };

class ReleasingPostgresqlConnection extends PreparingPostgresqlConnection {
  private readonly goodbyes = new Set<Promise<unknown>>();
  private readonly clients = new Set<Client>();

  /**
   * Resolves when the server has let go of every connection. The pool's own end does not wait for that, and whoever opens others instead
   * would have more than it may for a moment. With `force` it does not wait for whoever uses one: what they do fails.
   */
  override async close(force = false): Promise<void> {
    // The pool's own end waits for those that are in use.
    if (force) for (const client of this.clients) void client.end().catch(() => undefined);
    await super.close(force);
    const over = new AbortController();
    // A server that is gone never says goodbye.
    const patience = delay(GOODBYE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.goodbyes), patience]);
    over.abort();
  }

  override createKyselyDialect(overrides: PoolOverrides): KyselyDialect {
    const dialect = super.createKyselyDialect(withClients(overrides, (client) => this.keep(client as Client)));
    const createDriver = dialect.createDriver.bind(dialect);
    dialect.createDriver = () => releaseAlways(withCurrentPassword(createDriver(), this.config.get('password')));
    return dialect;
  }

  private keep(client: Client): void {
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    const goodbye: Promise<unknown> = new Promise((resolve) => client.once('end', resolve)).then(() =>
      this.goodbyes.delete(goodbye),
    );
    this.goodbyes.add(goodbye);
  }
}

/** MikroORM's driver for `pg` with connections that outlive the loss of the server. */
export class ReleasingPostgresqlDriver extends PostgreSqlDriver {
  protected override readonly connection: PostgreSqlConnection;

  constructor(config: Configuration) {
    super(config);
    this.connection = new ReleasingPostgresqlConnection(this.config);
  }

  override convertException(exception: Error): DriverException {
    return orOwnError(exception, (error) => super.convertException(error));
  }
}

/** The same for a tenant that has a schema instead of a database: what names another schema is refused before it is sent. */
export class OwnSchemaPostgresqlDriver extends ReleasingPostgresqlDriver {
  constructor(config: Configuration) {
    super(config);
    const schemaHelper = this.platform.getSchemaHelper();
    // The schema is there before anything is in it, and the tenant's user may not make any.
    if (schemaHelper) schemaHelper.getCreateNamespaceSQL = () => '';
  }

  get ownSchema(): string | undefined {
    return this.config.get('schema');
  }

  override getSchemaName(...args: Parameters<ReleasingPostgresqlDriver['getSchemaName']>): string | undefined {
    const schema = super.getSchemaName(...args);
    assertOwnSchema(this.config, schema);
    return schema;
  }
}
