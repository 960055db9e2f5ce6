import type { Configuration, Constructor, Dictionary, DriverException } from '@mikro-orm/core';
import { AbstractSqlDriver, SqlitePlatform } from '@mikro-orm/sql';
import { MikroORM, SqliteConnection } from '@mikro-orm/sqlite';
import { orOwnError } from './own-errors.js';
import { BUSY_TIMEOUT_MS, ConnectionQueue } from './connection-queue.js';

export { SqlEntityManager } from '@mikro-orm/sql';

type KyselyDialect = ReturnType<SqliteConnection['createKyselyDialect']>;
type KyselyDriver = ReturnType<KyselyDialect['createDriver']>;
type KyselyConnection = Awaited<ReturnType<KyselyDriver['acquireConnection']>>;
type CompiledQuery = Parameters<KyselyConnection['executeQuery']>[0];

// better-sqlite3 needs no more of a compiled query than this.
const BEGIN_IMMEDIATE = { sql: 'begin immediate', parameters: [] } as unknown as CompiledQuery;

/**
 * Begins every transaction as IMMEDIATE.
 *
 * A deferred transaction that reads first and writes later fails at once with SQLITE_BUSY_SNAPSHOT when another process has
 * committed in between, whatever the busy timeout says. Taking the write lock at BEGIN makes it wait its turn instead.
 *
 * A BEGIN that fails must not throw: Kysely would never give the connection back, and it is the only one. The first statement of
 * the transaction throws in its place, and the rollback that follows ends it.
 *
 * @see https://www.sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions
 */
function beginImmediately(driver: KyselyDriver, queue: ConnectionQueue): KyselyDriver {
  let failure: { readonly error: unknown } | undefined;
  const acquireConnection = driver.acquireConnection.bind(driver);
  const commitTransaction = driver.commitTransaction.bind(driver);
  const rollbackTransaction = driver.rollbackTransaction.bind(driver);
  let guarded: KyselyConnection | undefined;

  driver.acquireConnection = async (options) => {
    const turn = queue.acquire();
    if (turn) await turn;
    const connection = await acquireConnection(options);
    if (connection !== guarded) {
      guarded = connection;
      const executeQuery = connection.executeQuery.bind(connection);
      connection.executeQuery = (query, queryOptions) =>
        failure ? Promise.reject(failure.error) : executeQuery(query, queryOptions);
    }
    return connection;
  };
  driver.releaseConnection = async () => queue.release();
  driver.beginTransaction = async (connection) => {
    try {
      await connection.executeQuery(BEGIN_IMMEDIATE);
    } catch (error) {
      failure = { error };
    }
  };
  driver.commitTransaction = (connection) => (failure ? Promise.reject(failure.error) : commitTransaction(connection));
  driver.rollbackTransaction = async (connection) => {
    if (failure) failure = undefined;
    else await rollbackTransaction(connection);
  };
  return driver;
}

/** SQLite in WAL mode, with transactions that begin as IMMEDIATE. */
class ImmediateSqliteConnection extends SqliteConnection {
  override createKyselyDialect(options: Dictionary): KyselyDialect {
    const dialect = super.createKyselyDialect(options);
    const createDriver = dialect.createDriver.bind(dialect);
    const createAdapter = dialect.createAdapter.bind(dialect);
    dialect.createDriver = () =>
      beginImmediately(createDriver(), new ConnectionQueue(Number(options.timeout ?? BUSY_TIMEOUT_MS)));
    // There is one, and the queue above shares it out. Kysely would let callers wait for it without end.
    dialect.createAdapter = () => Object.defineProperty(createAdapter(), 'supportsMultipleConnections', { value: true });
    return dialect;
  }

  override async connect(options?: { skipOnConnect?: boolean }): Promise<void> {
    await super.connect(options);
    await this.execute('pragma journal_mode = wal');
  }
}

/** MikroORM's driver for better-sqlite3 on that connection. */
export class ImmediateSqliteDriver extends AbstractSqlDriver<ImmediateSqliteConnection> {
  constructor(config: Configuration) {
    super(config, new SqlitePlatform(), ImmediateSqliteConnection, ['kysely', 'better-sqlite3']);
  }

  override convertException(exception: Error): DriverException {
    return orOwnError(exception, (error) => super.convertException(error));
  }

  override getORMClass(): Constructor<MikroORM> {
    return MikroORM;
  }
}
