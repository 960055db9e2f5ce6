import type { Configuration, Constructor, Dictionary } from '@mikro-orm/core';
import { AbstractSqlDriver, SqlitePlatform } from '@mikro-orm/sql';
import { MikroORM, SqliteConnection } from '@mikro-orm/sqlite';

export { SqlEntityManager } from '@mikro-orm/sql';

type KyselyDialect = ReturnType<SqliteConnection['createKyselyDialect']>;
type KyselyDriver = ReturnType<KyselyDialect['createDriver']>;
type CompiledQuery = Parameters<Awaited<ReturnType<KyselyDriver['acquireConnection']>>['executeQuery']>[0];

/**
 * SQLite in WAL mode, with every transaction begun as IMMEDIATE.
 *
 * A deferred transaction that reads first and writes later fails at once with SQLITE_BUSY_SNAPSHOT when another process has
 * committed in between, whatever the busy timeout says. Taking the write lock at BEGIN makes it wait its turn instead.
 *
 * @see https://www.sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions
 */
class ImmediateSqliteConnection extends SqliteConnection {
  override createKyselyDialect(options: Dictionary): KyselyDialect {
    const dialect = super.createKyselyDialect(options);
    const createDriver = dialect.createDriver.bind(dialect);
    dialect.createDriver = () => {
      const driver = createDriver();
      driver.beginTransaction = async (connection) => {
        await connection.executeQuery({ sql: 'begin immediate', parameters: [] } as unknown as CompiledQuery);
      };
      return driver;
    };
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

  override getORMClass(): Constructor<MikroORM> {
    return MikroORM;
  }
}
