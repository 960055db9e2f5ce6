import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LockWaitTimeoutException, type MikroORM, type Transaction } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/sql';
import type { Dialect } from './dialects/index.js';

/** What was done to a database. */
export interface AppliedMigrations {
  /** The names of those that it had before, in the order in which they were applied. */
  readonly before: readonly string[];
  /** The names of those that were applied now. */
  readonly applied: readonly string[];
}

/** How often an update from the entities is tried that meets another of the same database. */
const UPDATE_TRIES = 5;
/** How often, and for how long, the lock of a SQLite file is asked for. */
const RETRY_MAX_DELAY_MS = 8;
const GIVE_UP_AFTER_MS = 30_000;

/** MikroORM's migrator without what it asks the server before it begins: the database is there, and is connected to. */
class SchemaMigrator extends Migrator {
  protected override async init(): Promise<void> {
    if (this.initialized) return;
    this.initialized = true;
    await this.initPaths();
  }

  async known(): Promise<string[]> {
    await this.init();
    return (await this.discoverMigrations()).map(({ name }) => name);
  }

  /** Those that the database has; creates nothing. */
  async applied(): Promise<string[]> {
    const connection = this.driver.getConnection();
    const { tableName, schemaName } = this.getStorage().getTableName();
    const hasTable = await this.driver.getPlatform().getSchemaHelper()?.tableExists(connection, tableName, schemaName);
    return hasTable ? this.getStorage().executed() : [];
  }

  /** Applies what is pending: all of it in `transaction`, or each in one of its own. */
  async apply(transaction?: Transaction): Promise<AppliedMigrations> {
    await this.init();
    const { storage, runner } = this;
    if (transaction) for (const part of [storage, runner]) part.setMasterMigration(transaction);
    const before = await storage.executed();
    const applied: string[] = [];
    for (const migration of await this.discoverMigrations()) {
      if (before.includes(migration.name)) continue;
      await migration.up((own) => storage.logMigration({ name: migration.name }, own));
      applied.push(migration.name);
    }
    return { before, applied };
  }
}

/** The names of the migrations that an ORM is configured with, the oldest first. Connects to nothing. */
export async function knownMigrations(orm: MikroORM): Promise<string[]> {
  return new SchemaMigrator(orm.em as SqlEntityManager).known();
}

/** The names of the migrations that a database lacks. Writes nothing. */
export async function pendingMigrations(orm: MikroORM): Promise<string[]> {
  const migrator = new SchemaMigrator(orm.em as SqlEntityManager);
  const applied = new Set(await migrator.applied());
  return (await migrator.known()).filter((name) => !applied.has(name));
}

/**
 * Brings a database to the newest migration, one process at a time. All that is pending is one transaction, unless the options of the
 * migrations say otherwise. When it returns, it is on the disk.
 *
 * @throws LockWaitTimeoutException when somebody else holds the lock of a SQLite file for too long
 */
export async function applyMigrations(orm: MikroORM, dialect: Dialect): Promise<AppliedMigrations> {
  const { transactional, allOrNothing } = orm.config.get('migrations');
  const isOneTransaction = transactional === true && allOrNothing === true;
  return whileMigrating(orm, dialect, async (em) => {
    const migrator = new SchemaMigrator(orm.em as SqlEntityManager);
    // A SQLite file has one connection here. While it held the lock for all of them, none could be a transaction of its own.
    if (!isOneTransaction && dialect.type === 'sqlite') return migrator.apply(undefined);
    return em.transactional(async (locked) => {
      await dialect.lockForMigration(locked);
      return migrator.apply(isOneTransaction ? locked.getTransactionContext() : undefined);
    });
  });
}

/** Tells one state of the entities from another: a hash of the tables that they ask for. Connects to nothing. */
export async function entitySchema(orm: MikroORM): Promise<string> {
  const sql = await orm.schema.getCreateSchemaSQL({ wrap: false });
  return createHash('sha256').update(sql).digest('hex').slice(0, 16);
}

/** Whether the tables of a database lack something that the entities ask for. Writes nothing. */
export async function lacksFromEntities(orm: MikroORM): Promise<boolean> {
  return (await missingFromEntities(orm)) !== '';
}

/**
 * Adds what the entities ask for and the tables lack; takes nothing away. Another process that does the same at the same time is in the
 * way of one statement at most, and then what is left is done.
 *
 * @returns whether anything was lacking
 */
export async function updateFromEntities(orm: MikroORM, dialect: Dialect): Promise<boolean> {
  let isLacking = false;
  await whileMigrating(orm, dialect, async () => {
    let missing = await missingFromEntities(orm);
    for (let tries = 1; missing !== ''; tries++) {
      isLacking = true;
      try {
        await orm.schema.execute(missing);
        return;
      } catch (error) {
        if (isBusy(error)) throw error;
        const rest = await missingFromEntities(orm);
        if (rest === missing || tries === UPDATE_TRIES) throw error;
        missing = rest;
      }
    }
  });
  return isLacking;
}

/** Runs `work`, again for as long as somebody else has the lock that it needs, and sees to it that what it wrote is on the disk. */
async function whileMigrating<T>(orm: MikroORM, dialect: Dialect, work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
  const connection = (orm.driver as AbstractSqlDriver).getConnection();
  const { migratingSession } = dialect;
  for (const sql of migratingSession?.begin ?? []) await connection.execute(sql, [], 'run');
  try {
    const result = await untilFree(() => work(orm.em.fork() as SqlEntityManager), migratingSession !== undefined);
    await dialect.syncToDisk?.(orm.config.get('dbName'));
    return result;
  } finally {
    for (const sql of migratingSession?.end ?? []) await connection.execute(sql, [], 'run');
  }
}

/** Whether somebody else has the lock of a SQLite file, as MikroORM says it or, for what it asks of the connection itself, the driver. */
function isBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof LockWaitTimeoutException || (typeof code === 'string' && code.startsWith('SQLITE_BUSY'));
}

async function untilFree<T>(work: () => Promise<T>, isToldAtOnce: boolean): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isToldAtOnce || !isBusy(error) || performance.now() > giveUpAt) throw error;
      await delay(1 + Math.random() * RETRY_MAX_DELAY_MS);
    }
  }
}

async function missingFromEntities(orm: MikroORM): Promise<string> {
  return (await orm.schema.getUpdateSchemaSQL({ safe: true })).trim();
}
