import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { DirectConnections } from '../../../test/direct-connections.js';
import { SqliteDirectConnection } from './index.js';

const increment = 'update counters set value = value + ?';

describe.each(['sqlite', 'sqlite in memory'] as const)(`${SqliteDirectConnection.name} on %s`, (type) => {
  let database: DirectConnections;
  let sut: SqliteDirectConnection;

  beforeEach(async () => {
    database = await DirectConnections.open(type);
    sut = database.connect() as SqliteDirectConnection;
  });
  afterEach(() => database.close());

  it('commits what has succeeded', async () => {
    expect(await sut.exclusive((db) => db.prepare(`${increment} returning value`).all(2))).toEqual([{ value: 2 }]);
    expect(await database.value()).toBe(2);
  });

  it('rolls back what has failed', async () => {
    const work = sut.exclusive((db) => {
      db.prepare(increment).run(1);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await database.value()).toBe(0);
    await sut.exclusive((db) => db.prepare(increment).run(1));
    expect(await database.value()).toBe(1);
  });

  it("waits for the ORM's transaction, and does not keep that from going on", async () => {
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const may = Promise.withResolvers<void>();
    const ofOrm = database.em.transactional(async (em) => {
      await em.execute(increment, [1]);
      begun.resolve();
      await may.promise;
      await em.execute(increment, [1]);
      order.push('the ORM');
    });
    await begun.promise;
    const own = sut.exclusive((db) => {
      order.push('the queue');
      return db.prepare(`${increment} returning value`).all(10);
    });
    // Long enough for a few attempts to take the lock.
    setTimeout(() => may.resolve(), 30);
    expect(await own).toEqual([{ value: 12 }]);
    await ofOrm;
    expect(order).toEqual(['the ORM', 'the queue']);
  });

  it('gets its turn where one transaction of the ORM follows another', async () => {
    const end = new AbortController();
    const write = async () => {
      while (!end.signal.aborted) {
        await database.em.transactional(async (em) => {
          await em.execute(increment, [1]);
          await new Promise((resolve) => setTimeout(resolve, 2));
        });
      }
    };
    const writers = Array.from({ length: 8 }, write);
    for (let times = 0; times < 5; times++) await sut.exclusiveInTurn((db) => db.prepare(increment).run(1_000_000));
    end.abort();
    await Promise.all(writers);
    expect(Math.floor(((await database.value()) ?? 0) / 1_000_000)).toBe(5);
  });

  it('loses nothing where several write at the same time', async () => {
    const connections = Array.from({ length: 4 }, () => database.connect() as SqliteDirectConnection);
    const work = connections.flatMap((connection) =>
      Array.from({ length: 25 }, () => connection.exclusive((db) => db.prepare(increment).run(1))),
    );
    const ofOrm = Array.from({ length: 25 }, () => database.em.transactional((em) => em.execute(increment, [1])));
    await Promise.all([...work, ...ofOrm]);
    expect(await database.value()).toBe(125);
  });

  it('reads', async () => {
    expect(await sut.read((db) => db.prepare('select value from counters where name = ?').get('a'))).toEqual({ value: 0 });
  });

  it('may be closed without ever having been used', async () => {
    await expect(sut.onApplicationShutdown()).resolves.toBeUndefined();
  });

  it('opens when it is used again, after that has failed', async () => {
    const open = jest.spyOn(database.orm.driver.getConnection() as AbstractSqlConnection, 'getNativeClient');
    open.mockRejectedValueOnce(new Error('no file'));
    const work = sut.read(() => 1);
    const closed = sut.onApplicationShutdown();
    await expect(work).rejects.toThrow('no file');
    await expect(closed).resolves.toBeUndefined();
    expect(await sut.read(() => 1)).toBe(1);
    open.mockRestore();
  });
});

// In memory there is one connection, which cannot be passed.
describe(`${SqliteDirectConnection.name} on a file`, () => {
  let database: DirectConnections;
  let sut: SqliteDirectConnection;

  beforeEach(async () => {
    database = await DirectConnections.open('sqlite');
    sut = database.connect() as SqliteDirectConnection;
  });
  afterEach(() => database.close());

  it("reads without waiting for the ORM's transaction", async () => {
    await database.em.transactional(async (em) => {
      await em.execute(increment, [1]);
      expect(await sut.read((db) => db.prepare('select value from counters').get())).toEqual({ value: 0 });
    });
  });

  it('tells that others have written, and nothing of what it wrote itself', async () => {
    const version = await sut.dataVersion();
    await sut.exclusive((db) => db.prepare(increment).run(1));
    expect(await sut.dataVersion()).toBe(version);
    await database.em.execute(increment, [1]);
    expect(await sut.dataVersion()).not.toBe(version);
  });
});

it(`${SqliteDirectConnection.name} knows no version of a database in memory`, async () => {
  const database = await DirectConnections.open('sqlite in memory');
  expect(await (database.connect() as SqliteDirectConnection).dataVersion()).toBeUndefined();
  await database.close();
});
