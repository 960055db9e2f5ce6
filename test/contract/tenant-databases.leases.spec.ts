import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { defineEntity, p, rel } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, TenantCatalog } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import { TenantDatabases, type TenantDatabasesOptions } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { until } from '../support/until.js';
import { endLife } from '../support/tenant-lives.js';

const ShelfSchema = defineEntity({
  name: 'Shelf',
  properties: {
    id: p.integer().primary(),
    name: p.string(),
    volumes: () => p.oneToMany(Volume).mappedBy('shelf'),
    label: () => p.oneToOne(Label).mappedBy('shelf').nullable(),
  },
});
class Shelf extends ShelfSchema.class {}
ShelfSchema.setClass(Shelf);

const VolumeSchema = defineEntity({
  name: 'Volume',
  properties: { id: p.integer().primary(), title: p.string(), shelf: () => p.manyToOne(Shelf).nullable() },
});
class Volume extends VolumeSchema.class {}
VolumeSchema.setClass(Volume);

const LabelSchema = defineEntity({
  name: 'Label',
  properties: { id: p.integer().primary(), text: p.string(), shelf: () => p.oneToOne(Shelf).owner().nullable() },
});
class Label extends LabelSchema.class {}
LabelSchema.setClass(Label);

describe.each(['sqlite', 'postgresql'] as const)(`the leases of ${TenantDatabases.name} on %s`, (database) => {
  let host: TestHost;
  let sut: TenantDatabases;
  let isClosed: boolean;

  const start = async (options: Partial<TenantDatabasesOptions> = {}) => {
    host = await createTestHost({ database, options: { tenantDatabases: { entities: [Shelf, Volume, Label], ...options } } });
    sut = host.get(TenantDatabases);
    isClosed = false;
  };
  const newTenants = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let index = 0; index < count; index++) ids.push((await host.newTenant()).id);
    return ids;
  };
  const names = (tenantId: string) =>
    sut.run(tenantId, async (em) => (await em.find(Shelf, {}, { orderBy: { id: 1 } })).map(({ name }) => name));
  afterEach(async () => {
    if (!isClosed) await host.close();
  });

  /** Work that is under way: it has written in a transaction that is open, and goes on when it is told to. */
  async function workIn(tenantId: string, name: string) {
    const [entered, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const done = sut.run(tenantId, (em) =>
      em.transactional(async (transaction) => {
        await transaction.insert(Shelf, { id: 1, name });
        entered.resolve();
        await goOn.promise;
        return transaction.count(Shelf, { name });
      }),
    );
    await Promise.race([entered.promise, done]);
    return {
      finish: () => {
        goOn.resolve();
        return done;
      },
    };
  }

  describe('at the cap', () => {
    it('close the least recently used, and open it again when it is asked for', async () => {
      await start({ maxOpen: 2 });
      const ids = await newTenants(3);
      for (const id of ids) await sut.run(id, (em) => void em.create(Shelf, { id: 1, name: id }));
      for (const id of ids) expect(await names(id)).toEqual([id]);
      expect(sut.statistics()).toMatchObject({ open: 2, leased: 0, waiting: 0, openings: 6, evictions: 4 });
    });

    it('let a caller wait until another is done', async () => {
      await start({ maxOpen: 1 });
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'under way');
      const waiting = sut.run(b, () => 'entered');
      await until(() => sut.statistics().waiting === 1);
      expect(await work.finish()).toBe(1);
      expect(await waiting).toBe('entered');
    });

    it('turn a caller away after waitTimeoutMs, and leave alone what is in use', async () => {
      await start({ maxOpen: 1, waitTimeoutMs: 2_000 });
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'under way');
      await expect(sut.run(b, () => 'entered')).rejects.toMatchObject({
        code: 'TENANT_DATABASES_CAPACITY',
        tenantId: b,
        waitedMs: 2_000,
      });
      expect(await work.finish()).toBe(1);
      expect(await sut.run(b, () => 'entered')).toBe('entered');
      expect(sut.statistics()).toMatchObject({ refusals: 1 });
    });

    it('turn a caller away at once where the policy says so', async () => {
      await start({ maxOpen: 1, atCapacity: 'refuse' });
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'under way');
      await expect(sut.run(b, () => 'entered')).rejects.toMatchObject({ code: 'TENANT_DATABASES_CAPACITY', waitedMs: 0 });
      await work.finish();
      expect(await sut.run(b, () => 'entered')).toBe('entered');
    });

    it('do not let in a tenant that was suspended while its caller waited', async () => {
      await start({ maxOpen: 1 });
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'under way');
      const waiting = Promise.allSettled([sut.run(b, () => 'entered')]);
      await until(() => sut.statistics().waiting === 1);
      await host.run(() => host.get(TenantsService).suspend(b));
      await work.finish();
      expect(await waiting).toMatchObject([{ status: 'rejected', reason: { code: 'TENANTS_NOT_ACTIVE' } }]);
    });

    it('do not count what could not be opened', async () => {
      // Else its tables would be looked at first, beside the pool.
      await start({ maxOpen: 1, connect: { attempts: 1 }, outdated: 'serve' });
      const [a = ''] = await newTenants(1);
      const gone = await host.newTenant({ provisioned: false });
      const missing =
        database === 'sqlite' ? `sqlite://${join(tmpdir(), `${genId()}.db`)}` : `postgresql://127.0.0.1:1/x${genId()}`;
      await host.run(() => host.get(TenantsService).activate(gone.id, missing));
      for (let time = 0; time < 2; time++) {
        await expect(sut.run(gone.id, () => 'entered')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
      }
      expect(await names(a)).toEqual([]);
      expect(sut.statistics()).toMatchObject({ open: 1, opening: 0, failedOpenings: 2 });
      await host.run(() => endLife(host.hostDatabase.em, gone.id));
    });
  });

  describe('work that is under way', () => {
    it('ends where it began when the tenant moves, while others reach the new place', async () => {
      await start({ catalogTtlMs: 0 });
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'at the old place');
      await swapDatabases(a, b);
      await sut.run(a, (em) => void em.create(Shelf, { id: 1, name: 'at the new place' }));
      expect(sut.statistics()).toMatchObject({ open: 2, leased: 1 });
      expect(await work.finish()).toBe(1);
      await until(() => sut.statistics().open === 1 && sut.statistics().closing === 0);
      expect(await names(a)).toEqual(['at the new place']);
      expect(await names(b)).toEqual(['at the old place']);
    });

    it.each(['in this process', 'in another process'])(
      'ends when the tenant is suspended %s, while others are refused',
      async (where) => {
        await start({ catalogTtlMs: 0 });
        const [a = ''] = await newTenants(1);
        const work = await workIn(a, 'before the suspension');
        if (where === 'in this process') await host.run(() => host.get(TenantsService).suspend(a));
        else await write({ [a]: { isActive: false, status: 'suspended' } });
        await expect(sut.run(a, () => 'entered')).rejects.toMatchObject({ code: 'TENANTS_NOT_ACTIVE' });
        expect(sut.statistics()).toMatchObject({ open: 1, leased: 1 });
        expect(await work.finish()).toBe(1);
        await until(() => sut.statistics().open + sut.statistics().closing === 0);
        await host.run(() => host.get(TenantsService).reactivate(a));
        expect(await names(a)).toEqual(['before the suspension']);
      },
    );

    it('ends before a shutdown does, while others are refused', async () => {
      await start();
      const [a = '', b = ''] = await newTenants(2);
      const work = await workIn(a, 'under way');
      isClosed = true;
      let isOver = false;
      const closing = host.close().then(() => (isOver = true));
      await until(() =>
        sut
          .run(b, () => 'entered')
          .then(
            () => false,
            ({ code }: { code?: string }) => code === 'TENANT_DATABASES_CLOSED',
          ),
      );
      expect(isOver).toBe(false);
      expect(await work.finish()).toBe(1);
      await closing;
      expect(sut.statistics()).toMatchObject({ open: 0, closing: 0 });
    });

    it('holds a shutdown up for shutdownTimeoutMs and no longer', async () => {
      await start({ shutdownTimeoutMs: 20 });
      const [a = ''] = await newTenants(1);
      const [entered, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const hanging = sut.run(a, async () => {
        entered.resolve();
        await goOn.promise;
      });
      await entered.promise;
      isClosed = true;
      await host.close();
      expect(sut.statistics()).toMatchObject({ open: 0, closing: 0 });
      goOn.resolve();
      await hanging;
    });
  });

  it('close what is idle', async () => {
    await start({ idleTimeoutMs: 20 });
    const [a = ''] = await newTenants(1);
    await names(a);
    await until(() => sut.statistics().expirations === 1 && sut.statistics().closing === 0);
    expect(sut.statistics()).toMatchObject({ open: 0, connections: 0 });
    expect(await names(a)).toEqual([]);
  });

  it('refuse a budget that one tenant alone would exceed', async () => {
    const options = { tenantDatabases: { entities: [Shelf, Volume, Label], maxConnections: 2, pool: { max: 3 } } };
    const starting = createTestHost({ database, options });
    // A SQLite file has one connection, whatever the pool is told.
    if (database === 'sqlite') return (host = await starting);
    isClosed = true;
    await expect(starting).rejects.toMatchObject({ code: 'COMMON_INVALID_OPTION', option: 'tenantDatabases.maxConnections' });
    return undefined;
  });

  it('are on ORMs that discover the entities once, and read and write as if each had done so itself', async () => {
    let discoveries = 0;
    await start({ mikroOrm: { discovery: { afterDiscovered: () => void discoveries++ } } });
    const ids = await newTenants(3);
    for (const id of ids) {
      await sut.run(id, (em) => {
        const shelf = em.create(Shelf, { id: 1, name: id });
        em.create(Volume, { id: 1, title: `first of ${id}`, shelf });
        em.create(Label, { id: 1, text: id, shelf });
        em.create(Volume, { id: 2, title: `second of ${id}`, shelf: rel(Shelf, 1) });
      });
    }
    expect(discoveries).toBe(1);
    // The entities ask the one on their prototypes whether a row is being read: it has to be the one that reads.
    const hydrators = await Promise.all(ids.map((id) => sut.run(id, (em) => em.config.getHydrator(em.getMetadata()))));
    expect(new Set(hydrators).size).toBe(1);
    const titles = (em: SqlEntityManager) => em.execute('select title from volume order by id');
    for (const id of ids) {
      await sut.run(id, async (em) => {
        const shelf = await em.findOneOrFail(Shelf, { id: 1 }, { populate: ['volumes'] });
        expect(shelf.volumes.getItems().map(({ title }) => title)).toEqual([`first of ${id}`, `second of ${id}`]);
        const [volume] = shelf.volumes.getItems();
        expect(volume?.shelf).toBe(shelf);
        volume!.title = 'renamed';
      });
      expect(await sut.run(id, titles)).toEqual([{ title: 'renamed' }, { title: `second of ${id}` }]);
      await sut.run(id, async (em) => {
        const label = await em.findOneOrFail(Label, { id: 1 }, { fields: ['text'] });
        const shelf = await em.findOneOrFail(Shelf, { id: 1 }, { populate: ['label'] });
        expect(shelf.label).toBe(label);
        // Reading is not writing: what another entity brings along is not taken for a change.
        em.getUnitOfWork().computeChangeSets();
        expect(em.getUnitOfWork().getChangeSets()).toEqual([]);
      });
    }
  });

  /** As a move to another server does: each tenant's address is now the other's. */
  async function swapDatabases(a: string, b: string): Promise<void> {
    const catalog = host.hostDatabase.tenantCatalogs;
    const [first, second] = await host.run(() => Promise.all([catalog.findOneOrFail(a), catalog.findOneOrFail(b)]));
    const addressOf = ({ dbUrl, dbUrlHash }: TenantCatalog) => ({ dbUrl, dbUrlHash });
    await write({ [a]: { dbUrlHash: null } });
    await write({ [b]: addressOf(first) });
    await write({ [a]: addressOf(second) });
  }

  /** As another process does, of which this one is not told. */
  async function write(changes: Readonly<Record<string, Partial<TenantCatalog>>>): Promise<void> {
    await host.run(() =>
      host.get(AuditCapture).allowing('the test', async (em) => {
        for (const [id, data] of Object.entries(changes)) await em.nativeUpdate(TenantCatalog, { id }, data);
      }),
    );
  }
});
