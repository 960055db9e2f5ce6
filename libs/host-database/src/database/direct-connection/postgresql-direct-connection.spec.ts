import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { DirectConnections } from '../../../test/direct-connections.js';
import { preparedStatement } from '../dialects/prepared-statement.js';
import { PostgresqlDirectConnection } from './index.js';

describe(PostgresqlDirectConnection.name, () => {
  let database: DirectConnections;
  let sut: PostgresqlDirectConnection;

  beforeAll(async () => {
    database = await DirectConnections.open('postgresql');
  });
  beforeEach(async () => {
    await database.em.execute("delete from counters where name <> 'a'");
    await database.em.execute('update counters set value = 0');
    sut = database.connect() as PostgresqlDirectConnection;
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => database.close());

  const increment = 'update counters set value = value + $1';
  const pidOf = async () => (await sut.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
  const terminate = (pid: number | undefined) => database.em.execute('select pg_terminate_backend(?)', [pid]);

  describe('query', () => {
    it('takes and gives JavaScript values', async () => {
      const values = [1, 1.5, 'ü', ['a', 'b'], JSON.stringify({ a: [null] }), new Date(0), null, true];
      const sql =
        'select $1::int i, $2::float8 f, $3::text t, $4::text[] l, $5::jsonb j, $6::timestamptz d, $7::text n, $8::bool b';
      expect(await sut.query(sql, values)).toEqual([
        { i: 1, f: 1.5, t: 'ü', l: ['a', 'b'], j: { a: [null] }, d: new Date(0), n: null, b: true },
      ]);
    });

    it('prepares no statement, however often it is sent', async () => {
      for (let count = 0; count < 10; count++) await sut.query('select $1::int', [count]);
      expect(await sut.query('select name from pg_prepared_statements')).toEqual([]);
    });

    it('prepares those that ask for it, once', async () => {
      const sql = preparedStatement('select $1::int as value');
      for (let count = 0; count < 10; count++) expect(await sut.query(sql, [count])).toEqual([{ value: count }]);
      expect(await sut.query('select statement, generic_plans + custom_plans as runs from pg_prepared_statements')).toEqual([
        { statement: 'select $1::int as value', runs: '10' },
      ]);
    });

    it("does not wait for a connection of the ORM's", async () => {
      await database.em.transactional(async (em) => {
        await em.execute("insert into counters values ('b', 1)");
        expect(await sut.query('select value from counters')).toEqual([{ value: 0 }]);
      });
    });

    it('connects again after its connections were lost', async () => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
      await terminate(await pidOf());
      // What is sent before the loss is noticed fails; what comes then is sent on a new connection.
      await sut.query('select 1').catch(() => undefined);
      expect(await sut.query('select 1 as one')).toEqual([{ one: 1 }]);
      expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
    });

    it('connects when it is used again, after that has failed', async () => {
      const open = jest.spyOn(database.orm.driver.getConnection() as AbstractSqlConnection, 'getNativeClient');
      open.mockRejectedValueOnce(new Error('no server'));
      await expect(sut.query('select 1')).rejects.toThrow('no server');
      expect(await sut.query('select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('may be closed while it fails to connect', async () => {
      const open = jest.spyOn(database.orm.driver.getConnection() as AbstractSqlConnection, 'getNativeClient');
      open.mockRejectedValueOnce(new Error('no server'));
      const query = sut.query('select 1');
      const closed = sut.onApplicationShutdown();
      await expect(query).rejects.toThrow('no server');
      await expect(closed).resolves.toBeUndefined();
    });

    it('refuses to work once it is closed', async () => {
      await sut.onApplicationShutdown();
      await expect(sut.query('select 1')).rejects.toThrow('closed');
    });

    it('may be closed without ever having been used', async () => {
      await expect(sut.onApplicationShutdown()).resolves.toBeUndefined();
    });
  });

  describe('transaction', () => {
    it('commits what has succeeded', async () => {
      expect(await sut.transaction((query) => query(`${increment} returning value`, [2]))).toEqual([{ value: 2 }]);
      expect(await database.value()).toBe(2);
    });

    it('rolls back what has failed, as often as it fails', async () => {
      for (let count = 0; count < 20; count++) {
        const work = sut.transaction(async (query) => {
          await query(increment, [1]);
          throw new Error('no');
        });
        await expect(work).rejects.toThrow('no');
        await expect(sut.transaction((query) => query('select nonsense'))).rejects.toThrow('nonsense');
      }
      expect(await database.value()).toBe(0);
      expect(await sut.query('select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('does not keep a connection that was lost in it', async () => {
      for (let count = 0; count < 5; count++) {
        const work = sut.transaction(async (query) => {
          const [row] = await query<{ pid: number }>('select pg_backend_pid() as pid');
          await terminate(row?.pid);
          await query(increment, [1]);
        });
        await expect(work).rejects.toBeInstanceOf(Error);
      }
      expect(await database.value()).toBe(0);
      await sut.transaction((query) => query(increment, [1]));
      expect(await database.value()).toBe(1);
    });
  });

  describe('listen', () => {
    it('hears what others tell after their commit, until it is closed', async () => {
      const heard: string[] = [];
      const told = Promise.withResolvers<void>();
      const session = await sut.listen('spec_channel', (payload) => {
        heard.push(payload);
        if (payload === 'last') told.resolve();
      });
      await database.em.transactional((em) => em.execute("select pg_notify('spec_channel', 'ü')"));
      await sut.query("select pg_notify('other_channel', 'not for us')");
      await session.query("select pg_notify('spec_channel', $1)", ['last']);
      await told.promise;
      expect(heard).toEqual(['ü', 'last']);
      await session.close();
      await expect(session.ended).resolves.toBeUndefined();
      await expect(session.close()).resolves.toBeUndefined();
    });

    it('tells when its connection is lost', async () => {
      const session = await sut.listen('spec_channel', () => undefined);
      const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
      await terminate(row?.pid);
      await session.ended;
      await expect(session.query('select 1')).rejects.toBeInstanceOf(Error);
      await session.close();
    });

    it('leaves no connection behind where it cannot listen', async () => {
      await expect(sut.listen('a"b', () => undefined)).rejects.toThrow('syntax error');
      const others = "select 1 from pg_stat_activity where datname = current_database() and application_name like '%listen'";
      expect(await database.em.execute(others)).toEqual([]);
    });
  });
});
