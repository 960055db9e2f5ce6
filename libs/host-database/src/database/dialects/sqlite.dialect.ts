import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Options } from '@mikro-orm/core';
import { DatabaseDriverMissingError } from '../database.errors.js';
import { BUSY_TIMEOUT_MS } from './connection-queue.js';
import type { Dialect, DialectDriver } from './dialect.interface.js';

export const sqliteDialect: Dialect = {
  type: 'sqlite',
  // MikroORM stores a datetime as Unix milliseconds.
  now: `cast(unixepoch('subsec') * 1000 as integer)`,
  nowPlusMs: `cast(unixepoch('subsec') * 1000 as integer) + ?`,
  // One process writes at a time, so that there is nobody to pass.
  skipLocked: '',
  // In WAL mode better-sqlite3 syncs at a checkpoint only: what was committed since could be lost with the machine's power. And whoever has the
  // lock may be in this very process, which could not go on while the thread waits.
  migratingSession: {
    begin: ['pragma synchronous = full', 'pragma busy_timeout = 0'],
    end: [`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`],
  },

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

  tenantDatabaseUrl(host, tenantId, directory): string {
    return host.with({ name: join(resolve(directory), `${tenantId}.db`) }).toUriWithoutCredentials();
  },

  async createDatabase(_admin, settings): Promise<void> {
    await mkdir(dirname(settings.name), { recursive: true });
  },

  async dropDatabase(_admin, settings): Promise<void> {
    await Promise.all(['', '-wal', '-shm', '-journal'].map((suffix) => rm(settings.name + suffix, { force: true })));
  },
};
