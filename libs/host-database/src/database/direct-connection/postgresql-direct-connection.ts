import type { EventEmitter } from 'node:events';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { MikroORM } from '@mikro-orm/core';
import { type PreparingClient, StatementPreparer } from '../dialects/prepared-statement.js';
import { PostgresqlNotifications } from './postgresql-notifications.js';
import type { PostgresqlQuery, PostgresqlSession } from './postgresql-session.js';

/** What is used of `pg`, which comes with `@mikro-orm/postgresql` and is taken from there. */
interface PgClient extends EventEmitter {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
  end(): Promise<void>;
}

interface PgPool extends EventEmitter {
  readonly options: Readonly<Record<string, unknown>>;
  readonly Client: new (options: object) => PgClient;
  connect(): Promise<PgClient & { release(destroy?: boolean): void }>;
  query: PgClient['query'];
  end(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A connection whose other end is silent for so long is given up. */
const QUERY_TIMEOUT_MS = 30_000;
/**
 * A process that is stopped inside a transaction would hold its locks for as long as it is: the server ends that, and nobody waits
 * long for them. Local to the transaction, for a proxy may give its connection to somebody else afterwards.
 */
const BEGIN = `begin; set local lock_timeout = '2s'; set local idle_in_transaction_session_timeout = '10s'`;
/** How many connections there are for what. The heartbeat's is its own: nothing that waits for a lock may hold it up. */
const POOL_SIZES = { work: 4, heartbeat: 1 } as const;

type PoolRole = keyof typeof POOL_SIZES;
const IDLE_TIMEOUT_MS = 10_000;

/**
 * Connections to the host database beside those of the ORM: for the queue, whose heartbeats, claims and notifications must not wait
 * for a connection that a handler holds. Nothing is connected before it is used, and nothing of a session is relied on, so that it
 * works behind a transaction-pooling proxy.
 *
 * Statements are sent unnamed, so that PostgreSQL plans each with its values: a generic plan, made while the queue was idle, reads the
 * whole table for every claim. Those of `preparedStatement()`, which have but one plan, are named.
 */
export class PostgresqlDirectConnection implements OnApplicationShutdown {
  readonly type = 'postgresql';
  /** What this process hears, on one session for all who listen. */
  readonly notifications = new PostgresqlNotifications(this);
  private readonly logger = new Logger('Database');
  private readonly preparer = new StatementPreparer();
  private readonly pools = new Map<PoolRole, Promise<PgPool>>();
  private isClosed = false;

  constructor(private readonly orm: MikroORM) {}

  readonly query: PostgresqlQuery = async <T>(sql: string, parameters?: readonly unknown[]) =>
    (await (await this.open('work')).query(sql, parameters)).rows as T[];

  /** As {@link query}, on a connection that nothing else uses. */
  readonly vitalQuery: PostgresqlQuery = async <T>(sql: string, parameters?: readonly unknown[]) =>
    (await (await this.open('heartbeat')).query(sql, parameters)).rows as T[];

  /**
   * As {@link query}, on a connection of the ORM's pool, and without a limit of time: for reading much. Asked through the ORM, pg links each
   * answer to the next, so that what was read survives one garbage collection after another.
   */
  readonly bulkQuery: PostgresqlQuery = async <T>(sql: string, parameters?: readonly unknown[]) =>
    (await (await this.poolOfOrm()).query(sql, parameters)).rows as T[];

  /** Runs `work` in a transaction of its own: committed when it resolves, rolled back when it throws. */
  async transaction<T>(work: (query: PostgresqlQuery) => Promise<T>): Promise<T> {
    const client = await (await this.open('work')).connect();
    let isBroken = false;
    try {
      await client.query(BEGIN);
      const result = await work(async <R>(sql: string, parameters?: readonly unknown[]) => {
        return (await client.query(sql, parameters)).rows as R[];
      });
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => (isBroken = true));
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  /** Opens a session of its own that listens on `channel`, and on others once it is told to. */
  async listen(channel: string, onNotification: (payload: string, channel: string) => void): Promise<PostgresqlSession> {
    const pool = await this.open('work');
    const client = new pool.Client({ ...this.settingsOf(pool), application_name: applicationName('listen') });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    client.on('error', () => end());
    client.on('end', () => end());
    client.on('notification', (heard: { channel: string; payload?: string }) =>
      onNotification(heard.payload ?? '', heard.channel),
    );
    try {
      await client.connect();
      await client.query(`listen "${channel}"`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    let last: Promise<unknown> = Promise.resolve();
    return {
      ended,
      query: async <T>(sql: string, parameters?: readonly unknown[]) => {
        // One after the other: those who subscribe do not know of each other.
        const running = last.then(() => client.query(sql, parameters));
        last = running.catch(() => undefined);
        try {
          return (await running).rows as T[];
        } catch (error) {
          // One that does not answer may never say that it has ended.
          end();
          throw error;
        }
      },
      close: async () => {
        end();
        await client.end().catch(() => undefined);
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    for (const opening of this.pools.values()) await (await opening.catch(() => undefined))?.end();
  }

  private async open(role: PoolRole): Promise<PgPool> {
    if (this.isClosed) throw new Error('The connection of the queue is closed.');
    const opening =
      this.pools.get(role) ??
      this.createPool(role).catch((error: unknown) => {
        // The next one who needs it tries again.
        this.pools.delete(role);
        throw error;
      });
    this.pools.set(role, opening);
    return opening;
  }

  private async createPool(role: PoolRole): Promise<PgPool> {
    const pool = await this.poolOfOrm();
    const Pool = pool.constructor as new (options: object) => PgPool;
    const own = new Pool({
      ...this.settingsOf(pool),
      application_name: applicationName(role === 'work' ? 'jobs' : role),
      min: 0,
      max: POOL_SIZES[role],
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
    });
    // One that is lost while it is used tells whoever uses it; an error that nobody listens to would end the process.
    own.on('connect', (client: PgClient) => client.on('error', () => undefined));
    own.on('connect', (client: PgClient) => this.preparer.watch(client as PreparingClient));
    own.on('error', (error: unknown) => {
      if (!this.isClosed) this.logger.warn(`An idle connection of the queue was lost: ${String(error)}`);
    });
    return own;
  }

  private async poolOfOrm(): Promise<PgPool> {
    return (await (this.orm.driver.getConnection() as AbstractSqlConnection).getNativeClient()) as PgPool;
  }

  /** Where and as whom the ORM connects; pg hides the password from enumeration. */
  private settingsOf({ options }: PgPool): object {
    return {
      ...options,
      password: options.password,
      types: undefined,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    };
  }
}

function applicationName(role: string): string {
  return `nestjs-host-database ${role}`;
}
