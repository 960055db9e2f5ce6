import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type DatabaseOptions, type DatabaseType, genId, hostOrmConfig } from 'nestjs-host-database';

/** A database that does not exist yet, for tests of its making and of several processes on it. */
export interface ScratchDatabase {
  readonly options: DatabaseOptions;
  drop(): Promise<void>;
}

/** Names a database of the test's own: a file in a new directory, or one on a server, that of `TEST_DB_URL` if no other is given. */
export async function scratchDatabase(type: DatabaseType, url = process.env.TEST_DB_URL ?? ''): Promise<ScratchDatabase> {
  if (type === 'sqlite') {
    const directory = await mkdtemp(join(tmpdir(), 'scratch-'));
    return { options: { type, name: join(directory, 'host') }, drop: () => rm(directory, { recursive: true, force: true }) };
  }
  const name = `scratch_${genId()}`;
  return { options: { url, name }, drop: () => dropDatabase(url, name) };
}

/** Whether there is such a database by now. */
export async function databaseExists({ type, url = '', name = '' }: DatabaseOptions): Promise<boolean> {
  if (type === 'sqlite') return existsSync(`${name}.db`);
  return onServer(url, async (em) => (await em.execute('select 1 from pg_database where datname = ?', [name])).length > 0);
}

async function dropDatabase(url: string, name: string): Promise<void> {
  await onServer(url, (em) => em.getConnection().execute(`drop database if exists "${name}" with (force)`));
}

async function onServer<T>(url: string, work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
  const orm = await MikroORM.init(await hostOrmConfig({ url }));
  try {
    return await work(orm.em.fork() as SqlEntityManager);
  } finally {
    await orm.close(true);
  }
}
