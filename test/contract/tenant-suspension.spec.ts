import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { TenantDatabases, TenantRunEndedError, TenantWorkCutError } from 'nestjs-host-database/tenant-databases';
import { TenantDirectory, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { startProgram } from '../support/child-process.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { until } from '../support/until.js';

const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });

const A_SECOND = 1_000;

describe.each(['sqlite', 'postgresql'] as const)('a suspension on %s', (database) => {
  let scratch: ScratchDatabase;
  let host: TestHost;
  let sut: TenantsService;
  let id: string;
  let tenantOptions: object;

  beforeEach(async () => {
    scratch = await scratchDatabase(database);
    tenantOptions = {};
    host = await hostHere();
    sut = host.get(TenantsService);
    ({ id } = await host.newTenant());
  });
  afterEach(async () => {
    await host.close();
    await scratch.drop();
  });

  /** The first one says where the tenants' databases are. */
  const hostHere = (more: Pick<HostDatabaseOptions, 'tenantDirectory'> = {}) =>
    createTestHost({
      database,
      application: ({ tenantDatabases, ...options }) => {
        tenantOptions = { ...tenantDatabases, ...tenantOptions };
        return HostDatabaseModule.forRoot({
          ...options,
          ...more,
          database: scratch.options,
          tenantDatabases: { ...tenantOptions, entities: [Note] },
        });
      },
    });

  const notes = (of = id) => host.get(TenantDatabases).run(of, (em) => em.execute('select * from note'));

  const workHere = () => workIn(host);

  /** Work that has written in a transaction, and goes on when it is told to. */
  async function workIn(application: TestHost) {
    const [entered, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const done = application.get(TenantDatabases).run(id, (em) =>
      em.transactional(async (transaction) => {
        await transaction.insert(Note, { id: 1, text: 'written' });
        entered.resolve();
        await goOn.promise;
        await transaction.execute('select 1');
      }),
    );
    const outcome = Promise.allSettled([done]);
    await entered.promise;
    return async () => {
      goOn.resolve();
      return (await outcome)[0];
    };
  }

  it('lets work under way end', async () => {
    const finish = await workHere();
    await host.run(() => sut.suspend(id));
    expect(await finish()).toMatchObject({ status: 'fulfilled' });
    await host.run(() => sut.reactivate(id));
    expect(await notes()).toHaveLength(1);
  });

  it.each(['suspend', 'archive', 'requestDeletion'] as const)('cuts it where %s is told to', async (method) => {
    const finish = await workHere();
    await host.run(() => sut[method](id, { drain: false }));
    expect(await finish()).toMatchObject({ status: 'rejected', reason: expect.any(TenantWorkCutError) });
    await host.run(() => (method === 'suspend' ? sut.reactivate(id) : sut.restore(id)));
    // The tenant is whole, and works again.
    expect(await notes()).toEqual([]);
    expect(await (await workHere())()).toMatchObject({ status: 'fulfilled' });
  });

  describe('that cuts', () => {
    /** All the ways that a statement can take, outside of a transaction; each prepared while the tenant was open, where it can be. */
    const waysOf = (em: SqlEntityManager) => {
      const [builder, connection] = [em.createQueryBuilder(Note).select('*'), em.getConnection()];
      return {
        execute: () => em.execute('select * from note'),
        find: () => em.find(Note, {}, { disableIdentityMap: true }),
        count: () => em.count(Note),
        insert: () => em.insert(Note, { id: 1, text: 'late' }),
        update: () => em.nativeUpdate(Note, { id: 0 }, { text: 'late' }),
        'a query builder': () => builder.clone().execute(),
        'a connection': () => connection.execute('select * from note'),
        kysely: async () => em.getKysely<{ note: { id: number; text: string } }>().selectFrom('note').selectAll().execute(),
        begin: () => em.begin().then(() => em.rollback()),
        transactional: () => em.transactional((inner) => inner.execute('select * from note')),
        stream: async () => {
          for await (const row of em.stream(Note)) void row;
        },
        reconnect: async () => em.getDriver().reconnect(),
      } satisfies Record<string, () => Promise<unknown>>;
    };

    it('has each further statement refused, whichever way it takes', async () => {
      const seen = await host.get(TenantDatabases).run(id, async (em) => {
        const { reconnect, ...ways } = waysOf(em);
        // The control: each is answered while the tenant is open.
        for (const ask of Object.values(ways)) await ask();
        await host.run(() => sut.suspend(id, { drain: false }));
        await until(() => host.get(TenantDatabases).statistics().open === 0);
        const outcomes: Record<string, unknown> = {};
        for (const [way, ask] of Object.entries({ ...ways, reconnect })) {
          outcomes[way] = await ask().then(
            () => 'answered',
            (error: unknown) => (error instanceof TenantWorkCutError ? error.tenantId : error),
          );
        }
        return outcomes;
      });
      expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map((way) => [way, id])));
      expect(Object.keys(seen)).toHaveLength(12);
      await host.run(() => sut.reactivate(id));
      expect(await notes()).toHaveLength(1);
    });

    it('fails a run that ends with changes to be written', async () => {
      const running = host.get(TenantDatabases).run(id, async (em) => {
        await host.run(() => sut.suspend(id, { drain: false }));
        await until(() => host.get(TenantDatabases).statistics().open === 0);
        em.create(Note, { id: 1, text: 'late' });
      });
      await expect(running).rejects.toBeInstanceOf(TenantWorkCutError);
      await host.run(() => sut.reactivate(id));
      expect(await notes()).toEqual([]);
    });
  });

  it('keeps a connection that has escaped from its run from opening anew once the tenant is closed', async () => {
    const connection = await host.get(TenantDatabases).run(id, (em) => em.getConnection());
    const ask = () => connection.execute('select 1 as one');
    expect(await ask()).toEqual([{ one: 1 }]);
    await host.run(() => sut.suspend(id));
    await until(() => host.get(TenantDatabases).statistics().open === 0);
    await expect(ask()).rejects.toBeInstanceOf(TenantRunEndedError);
  });

  it('cuts work of another process that hears of changes, but has forgotten the tenant since', async () => {
    const other = await hostHere({ tenantDirectory: { maxEntries: 1, pollIntervalMs: 10, notifications: true } });
    const { id: another } = await host.newTenant();
    const finish = await workIn(other);
    const directory = other.get(TenantDirectory);
    await until(() => directory.statistics().isHearing);
    // The only one that it remembers.
    await directory.getById(another);
    expect([directory.isWatching(id), directory.isWatching(another)]).toEqual([false, true]);
    expect(other.get(TenantDatabases).statistics()).toMatchObject({ open: 1, closing: 0 });
    await host.run(() => sut.suspend(id, { drain: false }));
    await until(() => other.get(TenantDatabases).statistics().open === 0);
    expect(await finish()).toMatchObject({ status: 'rejected', reason: expect.any(TenantWorkCutError) });
    await other.close();
  });

  it.each([
    ['lets its work end', true, 'work done'],
    ['cuts its work', false, 'work TENANT_DATABASES_WORK_CUT'],
  ])('is seen by a second process within a second, and %s', async (_, drain, ending) => {
    /** How long it takes until the other one lets nobody in any more. */
    const msUntilSeen = async (tenantId: string) => {
      const env = {
        OPTIONS: JSON.stringify({ database: scratch.options, tenantDatabases: tenantOptions }),
        TENANT: tenantId,
        ...(!drain && { UNTIL_CUT: '1' }),
      };
      const other = startProgram('work-in-tenant', { env });
      await other.said(/working/);
      await host.run(() => sut.suspend(tenantId, { drain }));
      const at = Date.now();
      const said = await other.said(/refused TENANTS_NOT_ACTIVE at \d+\n/);
      const { stdout, stderr } = await other.ended;
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining(ending), stderr: '' });
      await host.run(() => sut.reactivate(tenantId));
      expect(await notes(tenantId)).toHaveLength(drain ? 1 : 0);
      return Number(/at (\d+)/.exec(said)?.[1]) - at;
    };
    let fastestMs = await msUntilSeen(id);
    // Slower is also the machine that stands still for a moment.
    for (let time = 1; time < 3 && fastestMs >= A_SECOND; time++) {
      fastestMs = Math.min(fastestMs, await msUntilSeen((await host.newTenant()).id));
    }
    expect(fastestMs).toBeLessThan(A_SECOND);
  });
});
