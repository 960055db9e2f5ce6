import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type DatabaseOptions, DatabaseSettings, hostOrmOptions } from '../src/database/index.js';
import { connectWithRetries } from '../src/database/connect.js';
import { type DirectConnection, directConnection } from '../src/database/direct-connection/index.js';
import { scratchDatabase } from './scratch-database.js';

/** A database with a table for a spec, an ORM on it, and connections beside the ORM's. */
export class DirectConnections {
  private readonly opened: DirectConnection[] = [];

  private constructor(
    readonly orm: MikroORM,
    private readonly settings: DatabaseSettings,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(type: 'sqlite' | 'postgresql' | 'sqlite in memory'): Promise<DirectConnections> {
    const isInMemory = type === 'sqlite in memory';
    const { options, drop } = await scratchDatabase(isInMemory ? 'sqlite' : type);
    const database: DatabaseOptions = { ...options, ...(isInMemory && { name: ':memory:' }), pool: { min: 0, max: 1 } };
    const settings = DatabaseSettings.from(database);
    const orm = await MikroORM.init(await hostOrmOptions({ database, entities: [] }));
    await connectWithRetries(orm, settings, undefined);
    const connections = new DirectConnections(orm, settings, drop);
    await connections.em.execute('create table counters (name varchar(20) primary key, value int not null)');
    await connections.em.execute("insert into counters values ('a', 0)");
    return connections;
  }

  get em(): SqlEntityManager {
    return this.orm.em.fork() as SqlEntityManager;
  }

  /** One more connection, as another process has it. */
  connect(): DirectConnection {
    const connection = directConnection(this.orm, this.settings);
    this.opened.push(connection);
    return connection;
  }

  async value(): Promise<number | undefined> {
    const [row] = await this.em.execute<{ value: number }[]>('select value from counters');
    return row?.value;
  }

  async close(): Promise<void> {
    for (const connection of this.opened) await connection.onApplicationShutdown();
    await this.orm.close(true);
    await this.drop();
  }
}
