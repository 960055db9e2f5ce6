import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId } from '../src/common/index.js';
import { type DatabaseOptions, DatabaseSettings, type DatabaseType, dialectOf, hostOrmOptions } from '../src/database/index.js';

/** A database that does not exist yet, for the specs beside the code. */
export interface ScratchDatabase {
  readonly options: DatabaseOptions;
  readonly drop: () => Promise<void>;
}

/** Names a database of a spec's own: a file in a new directory, or one on the server of `TEST_DB_URL`. */
export async function scratchDatabase(type: DatabaseType): Promise<ScratchDatabase> {
  if (type === 'sqlite') {
    const directory = await mkdtemp(join(tmpdir(), 'scratch-'));
    return { options: { type, name: join(directory, 'host') }, drop: () => rm(directory, { recursive: true, force: true }) };
  }
  const url = process.env.TEST_DB_URL ?? '';
  const options: DatabaseOptions = { url, name: `scratch_${genId()}` };
  return {
    options,
    drop: async () => {
      const admin = await MikroORM.init(await hostOrmOptions({ database: { url }, entities: [] }));
      await dialectOf(type).dropDatabase(admin.em.fork() as SqlEntityManager, DatabaseSettings.from(options));
      await admin.close(true);
    },
  };
}
