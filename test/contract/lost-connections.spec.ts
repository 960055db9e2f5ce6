import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostDatabase } from 'nestjs-host-database';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const POOL_SIZE = 2;

/** SQLite has no server that could be lost. */
describe('the connections of the unit of work on postgresql', () => {
  let scratch: ScratchDatabase;
  let sut: HostDatabase;

  beforeEach(async () => {
    scratch = await scratchDatabase('postgresql');
    sut = await HostDatabase.open({ database: { ...scratch.options, pool: { min: 0, max: POOL_SIZE } } });
  });
  afterEach(async () => {
    await sut.close();
    await scratch.drop();
  });

  const isThere = () => sut.run((em) => em.execute('select 1 as one'));

  it('are given back by transactions that lose them, so that the pool does not run dry', async () => {
    for (let time = 0; time < 2 * POOL_SIZE; time++) {
      const work = sut.run(() => sut.transactional((em) => em.execute('select pg_terminate_backend(pg_backend_pid())')));
      await expect(work).rejects.toThrow('terminat');
    }
    expect(await isThere()).toEqual([{ one: 1 }]);
  });

  it('are given back by transactions that lose them before they begin', async () => {
    for (let time = 0; time < 2 * POOL_SIZE; time++) {
      const work = sut.run(() => sut.transactional(() => undefined, { isolationLevel: 'no such level' as never }));
      await expect(work).rejects.toThrow('isolation level');
    }
    expect(await isThere()).toEqual([{ one: 1 }]);
  });
});
