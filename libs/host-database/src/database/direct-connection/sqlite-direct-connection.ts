import { setTimeout as delay } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';

/** What is used of better-sqlite3, which comes with `@mikro-orm/sqlite` and is taken from there. */
export interface SqliteDatabase {
  readonly name: string;
  readonly inTransaction: boolean;
  readonly open: boolean;
  prepare<T = unknown>(sql: string): SqliteStatement<T>;
  pragma(sql: string, options: { simple: true }): unknown;
  transaction<T>(work: () => T): { immediate(): T };
  close(): void;
}

export interface SqliteStatement<T> {
  all(...parameters: unknown[]): T[];
  get(...parameters: unknown[]): T | undefined;
  run(...parameters: unknown[]): { changes: number };
}

/** Counts what this connection has written since it was opened, what triggers have written included. */
const ROWS_WRITTEN = 'select total_changes() as n';
const RETRY_MAX_DELAY_MS = 8;
const GIVE_UP_AFTER_MS = 30_000;

/**
 * A connection to the host database's file beside that of the ORM: for the queue, whose heartbeats must not wait for a transaction that
 * a handler has open. A database in memory has one connection only, which is then shared, between the transactions of the ORM.
 *
 * It never blocks the thread to wait for a lock: the lock may be held by the ORM in this very process, which could then not go on.
 */
export class SqliteDirectConnection implements OnApplicationShutdown {
  readonly type = 'sqlite';
  private database: Promise<SqliteDatabase> | undefined;
  private readonly statements = new Map<string, SqliteStatement<unknown>>();
  private opened: SqliteDatabase | undefined;

  constructor(
    private readonly orm: MikroORM,
    private readonly isInMemory: boolean,
  ) {}

  /** Runs `work`, without a pause in it, in a transaction that has the write lock from its beginning. Waits for the lock. */
  async exclusive<T>(work: (db: SqliteDirectConnection) => T): Promise<T> {
    const database = await this.open();
    const immediate = database.transaction(() => work(this));
    if (this.isInMemory) {
      // Taking the connection from the queue of the ORM keeps this out of transactions that the ORM has open on it.
      return this.connection
        .getClient()
        .connection()
        .execute(async () => immediate.immediate());
    }
    return whenFree(() => immediate.immediate());
  }

  /**
   * As {@link exclusive}, by turns with the transactions of the ORM in this process: while one of them follows another, there is no moment
   * at which somebody who only asks now and then finds the lock free. Never await it inside a transaction of the ORM: it would wait for
   * itself.
   */
  async exclusiveInTurn<T>(work: (db: SqliteDirectConnection) => T): Promise<T> {
    if (this.isInMemory) return this.exclusive(work);
    const immediate = (await this.open()).transaction(() => work(this));
    // One try a turn: while another process has the lock, the ORM goes on reading.
    return whenFree(() =>
      this.connection
        .getClient()
        .connection()
        .execute(async () => immediate.immediate()),
    );
  }

  /** Runs `work`, which only reads, without waiting for those who write. */
  async read<T>(work: (db: SqliteDirectConnection) => T): Promise<T> {
    if (this.isInMemory) return this.exclusive(work);
    await this.open();
    return whenFree(() => work(this));
  }

  /** A prepared statement, kept. Only for use inside {@link exclusive} and {@link read}. */
  prepare<T>(sql: string): SqliteStatement<T> {
    let statement = this.statements.get(sql);
    if (!statement) {
      if (!this.opened) throw new Error('Statements are prepared inside exclusive().');
      statement = this.opened.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement as SqliteStatement<T>;
  }

  /** A number that changes when another connection, of this process or another, has written; undefined for a database in memory. */
  async dataVersion(): Promise<number | undefined> {
    if (this.isInMemory) return undefined;
    return Number((await this.open()).pragma('data_version', { simple: true }));
  }

  /**
   * As {@link dataVersion}, at once, and for a database in memory as well: there it changes with each row that is written. Undefined
   * before the connection is open, while somebody else has the file, and while a transaction is open on the one connection of a database in
   * memory, whose rows are not committed yet.
   */
  versionNow(): number | undefined {
    const { opened } = this;
    if (!opened?.open || (this.isInMemory && opened.inTransaction)) return undefined;
    return orIfBusy(undefined, () =>
      Number(
        this.isInMemory ? this.prepare<{ n: number }>(ROWS_WRITTEN).get()?.n : opened.pragma('data_version', { simple: true }),
      ),
    );
  }

  /** Runs `work`, which only reads, at once; undefined where {@link versionNow} is. */
  readNow<T>(work: (db: SqliteDirectConnection) => T): { readonly value: T } | undefined {
    return this.versionNow() === undefined ? undefined : orIfBusy(undefined, () => ({ value: work(this) }));
  }

  /** Opens the connection, for those who read from it at once. */
  async ready(): Promise<void> {
    await this.open();
  }

  async onApplicationShutdown(): Promise<void> {
    const database = await this.database?.catch(() => undefined);
    if (!this.isInMemory) database?.close();
  }

  private get connection(): AbstractSqlConnection {
    return this.orm.driver.getConnection() as AbstractSqlConnection;
  }

  private open(): Promise<SqliteDatabase> {
    this.database ??= this.openDatabase().catch((error: unknown) => {
      // The next one who needs it tries again.
      this.database = undefined;
      throw error;
    });
    return this.database;
  }

  private async openDatabase(): Promise<SqliteDatabase> {
    const ofOrm = (await this.connection.getNativeClient()) as SqliteDatabase;
    this.opened = this.isInMemory
      ? ofOrm
      : new (ofOrm.constructor as new (file: string, options: object) => SqliteDatabase)(ofOrm.name, { timeout: 0 });
    return this.opened;
  }
}

/** Tries again while others have the lock: those who write, and for a moment whoever closes or recovers the file. */
async function whenFree<T>(work: () => T | Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || Date.now() > giveUpAt) throw error;
      await delay(1 + Math.random() * RETRY_MAX_DELAY_MS);
    }
  }
}

function orIfBusy<T, F>(otherwise: F, work: () => T): T | F {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) return otherwise;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}
