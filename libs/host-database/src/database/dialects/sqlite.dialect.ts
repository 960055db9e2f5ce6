import { access, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Options } from '@mikro-orm/core';
import { DatabaseDriverMissingError } from '../database.errors.js';
import { ClosingThreads } from './closing-threads.js';
import { BUSY_TIMEOUT_MS } from './connection-queue.js';
import type { Dialect, DialectDriver } from './dialect.interface.js';
import type { ServerAdministration } from './server-administration.interface.js';

export const sqliteDialect: Dialect = {
  type: 'sqlite',
  // MikroORM stores a datetime as Unix milliseconds.
  now: `cast(unixepoch('subsec') * 1000 as integer)`,
  nowPlusMs: `cast(unixepoch('subsec') * 1000 as integer) + ?`,
  // One process writes at a time, so that there is nobody to pass.
  skipLocked: '',
  // Whoever has the lock may be in this very process, which could not go on while the thread waits. With `synchronous = full` each commit would
  // sync, with the thread blocked and one file at a time.
  migratingSession: {
    begin: ['pragma busy_timeout = 0', 'pragma synchronous = normal'],
    end: [`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`],
  },

  async syncToDisk(file): Promise<void> {
    if (file === ':memory:') return;
    await Promise.all([sync(`${file}-wal`), sync(dirname(file))]);
  },

  closingThreads: (size) => new ClosingThreads(size),

  async loadDriver(): Promise<DialectDriver> {
    try {
      const { ImmediateSqliteDriver, SqlEntityManager } = await import('./immediate-sqlite.driver.js');
      return { driver: ImmediateSqliteDriver, entityManager: SqlEntityManager };
    } catch (cause) {
      throw new DatabaseDriverMissingError('@mikro-orm/sqlite', { cause });
    }
  },

  connectionOptions(settings): Partial<Options> {
    return { dbName: settings.name, driverOptions: { timeout: BUSY_TIMEOUT_MS } };
  },

  async lockForMigration(): Promise<void> {
    // BEGIN IMMEDIATE has taken the one write lock already.
  },

  tenantDatabaseUrl(server, tenantId, directory): string {
    return server.with({ name: join(resolve(directory), `${tenantId}.db`) }).toUriWithoutCredentials();
  },

  administration: () => files,

  dropDatabase: (_admin, settings) => files.drop(settings),
};

// A tenant's data is for nobody else on the machine.
const OWNER_ONLY = { directory: 0o700, file: 0o600 } as const;

/** A directory has no administrator: this process may write there, or it may not. */
const files: ServerAdministration = {
  async create(place): Promise<void> {
    await mkdir(dirname(place.name), { recursive: true, mode: OWNER_ONLY.directory });
    // An empty file is an empty database: what is opened later has to exist. SQLite gives the log beside it the same mode.
    await (await open(place.name, 'a', OWNER_ONLY.file)).close();
  },

  async drop(place): Promise<void> {
    await Promise.all(['', '-wal', '-shm', '-journal'].map((suffix) => rm(place.name + suffix, { force: true })));
  },

  exists: (place) =>
    access(place.name).then(
      () => true,
      () => false,
    ),
};

/** Nothing where it is gone: whoever closed the database last has put the log into the file, and synced that. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}
