import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM, RequestContext } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.js';
import { HostDatabaseError } from '../common/index.js';
import { hostOrmOptions } from './host-orm.js';
import { StatementGuards } from './statement-guards.js';

class RefusedError extends HostDatabaseError {
  readonly code = 'SPEC_REFUSED';
}

describe.each(['sqlite', 'postgresql'] as const)(`${StatementGuards.name} on %s`, (type) => {
  const sut = new StatementGuards();
  const opened: unknown[] = [];
  let scratch: ScratchDatabase;
  let orm: MikroORM;

  beforeAll(async () => {
    scratch = await scratchDatabase(type);
    const mikroOrm = { onCreateConnection: async (connection: unknown) => void opened.push(connection) };
    orm = await MikroORM.init(await hostOrmOptions({ database: { ...scratch.options, mikroOrm }, entities: [], guards: sut }));
    await orm.schema.ensureDatabase();
    await run((em) => em.execute('create table things (id integer)'));
  });
  afterAll(async () => {
    await orm.close(true);
    await scratch.drop();
  });

  const run = <T>(work: (em: SqlEntityManager) => T) => RequestContext.create(orm.em, () => work(orm.em as SqlEntityManager));
  const insert = 'insert into things values (1)';
  const paths: Record<string, (em: SqlEntityManager) => Promise<unknown>> = {
    'the EntityManager': (em) => em.execute(insert),
    'the EntityManager in a transaction': (em) => em.transactional((inner) => inner.execute(insert)),
    'the EntityManager in a savepoint': (em) =>
      em.transactional((outer) => outer.transactional((inner) => inner.execute(insert))),
    'the connection': (em) => em.getConnection().execute(insert),
    kysely: (em) => em.getKysely<{ things: { id: number } }>().insertInto('things').values({ id: 1 }).execute(),
    'a stream': async (em) => {
      for await (const row of em.getConnection().stream<object>('select 1 as things')) void row;
    },
  };

  it.each(Object.keys(paths))(
    'sees what is sent by %s, refuses it with its own error, and lets it pass without',
    async (path) => {
      const send = () => run(async (em) => paths[path]?.(em));
      sut.guardWith((sql) => {
        if (sql.includes('things')) throw new RefusedError('no');
      });
      await expect(send()).rejects.toBeInstanceOf(RefusedError);
      sut.guardWith(() => undefined);
      await send();
    },
  );

  it('tells connections apart, and leaves the hook of the application in place', async () => {
    const seen = new Set<object>();
    sut.guardWith((_, connection) => void seen.add(connection));
    await run((em) => em.execute('select 1'));
    expect(opened.length).toBeGreaterThan(0);
    expect([...seen].every((connection) => opened.includes(connection))).toBe(true);
  });

  it('gives every flush a frame of its own, and nothing else one', async () => {
    const frames: unknown[] = [];
    await run(async (em) => {
      em.getEventManager().registerSubscriber({ onFlush: () => void frames.push(sut.flushAround) });
      await em.flush();
      await em.flush();
    });
    expect(frames).toEqual([{ tables: new Set() }, { tables: new Set() }]);
    expect(frames[0]).not.toBe(frames[1]);
    expect([sut.flush, sut.flushAround]).toEqual([undefined, undefined]);
  });

  it('takes nothing for a statement of the flush that a hook sends, and nothing that outlives it', async () => {
    const during: unknown[] = [];
    let after: Promise<unknown> | undefined;
    const ended = Promise.withResolvers<void>();
    await sut.duringFlush(async () => {
      during.push(
        sut.flush,
        sut.besideFlush(() => sut.flush),
      );
      after = ended.promise.then(() => [sut.flush, sut.flushAround]);
    });
    ended.resolve();
    expect(during).toEqual([{ tables: new Set() }, undefined]);
    expect(await after).toEqual([undefined, undefined]);
  });
});
