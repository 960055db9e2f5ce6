import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/sqlite';
import { ClosingThreads } from './closing-threads.js';

describe(ClosingThreads.name, () => {
  let directory: string;
  let sut: ClosingThreads;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'closing-'));
    sut = new ClosingThreads(2);
  });
  afterEach(async () => {
    await sut.end();
    await rm(directory, { recursive: true, force: true });
  });

  const open = async (name: string) => {
    const file = join(directory, name);
    const orm = await MikroORM.init({ dbName: file, entities: [], discovery: { warnWhenNoEntities: false } });
    const execute = (sql: string) => orm.em.getConnection().execute(sql);
    await execute('pragma journal_mode = wal');
    return { file, execute, close: () => orm.close(true) };
  };

  it('are the last to close a file: the log is in it when they have', async () => {
    const files = await Promise.all(['a.db', 'b.db', 'c.db'].map(open));
    for (const { file, execute, close } of files) {
      await execute('create table notes (id integer primary key)');
      let hadLog = false;
      await sut.close(file, async () => {
        await close();
        // Closed by the application, and not by the thread yet.
        hadLog = existsSync(`${file}-wal`);
      });
      expect(hadLog).toBe(true);
      expect(existsSync(`${file}-wal`)).toBe(false);
    }
    const again = await open('b.db');
    expect(await again.execute('select count(*) as n from notes')).toEqual([{ n: 0 }]);
    await again.close();
  });

  it('leave it to the application where they cannot open it, or have ended', async () => {
    const { execute, close, file } = await open('a.db');
    await execute('create table notes (id integer primary key)');
    await sut.close(join(directory, 'missing.db'), close);
    expect(existsSync(`${file}-wal`)).toBe(false);
    await expect(sut.close(file, () => Promise.reject(new Error('not closed')))).rejects.toThrow('not closed');
  });
});
