import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { type INestApplicationContext, Injectable, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDbUri, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import {
  TenantDatabases,
  type TenantDatabasesOptions,
  TenantPlacement,
  type TenantProvisioningContext,
  TenantProvisionings,
  TenantProvisioningStep,
  TenantStorage,
  TenantUsers,
  WarmTenant,
} from 'nestjs-host-database/tenant-databases';
import { DuplicateSlugError, type NewTenant, TenantSecrets, TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { until } from '../support/until.js';

const NoteSchema = defineEntity({ name: 'Note', tableName: 'note', properties: { id: p.string().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

class CreateNotes extends Migration {
  override up(): void {
    this.addSql('create table note (id varchar(255) primary key, text varchar(255) not null)');
  }
}
class AddTags extends Migration {
  override up(): void {
    this.addSql('create table tag (id varchar(255) primary key)');
  }
}
const FIRST = { migrationsList: [{ name: 'Migration1_notes', class: CreateNotes }] };
const SECOND = { migrationsList: [...FIRST.migrationsList, { name: 'Migration2_tags', class: AddTags }] };

const calls: string[] = [];

@Injectable()
class Steps {
  @TenantProvisioningStep({ name: 'load-countries', after: 'migrate', warm: true })
  async loadCountries({ em, tenant }: TenantProvisioningContext): Promise<void> {
    calls.push(`countries of ${tenant?.name}`);
    await em.upsert(Note, { id: 'countries', text: 'all' });
  }

  @TenantProvisioningStep({ name: 'create-owner-profile' })
  async profile({ em, ownerId }: TenantProvisioningContext): Promise<string> {
    calls.push('profile');
    await em.upsert(Note, { id: 'profile', text: ownerId ?? '' });
    return 'profile';
  }
}

@Injectable()
class Hesitant {
  @TenantProvisioningStep({ name: 'hesitate' })
  hesitate({ attempt }: TenantProvisioningContext): void {
    if (attempt === 1) throw new Error('Not yet.');
  }
}

/** Is ahead, and fails the first time. */
@Injectable()
class Faltering {
  @TenantProvisioningStep({ name: 'falter', after: 'migrate', warm: true })
  falter({ attempt }: TenantProvisioningContext): void {
    if (attempt === 1) throw new Error('Not yet.');
  }
}

@Module({})
class WarmModule {}

describe.each(['sqlite', 'postgresql'] as const)('the warm pool on %s', (type) => {
  let scratch: ScratchDatabase | undefined;
  let directory = '';
  let app: INestApplicationContext;

  const run = <T>(work: () => T | Promise<T>) => app.get(HostDatabase).run(work);
  const jobs = () => run(() => app.get(JobsService).runPending());

  async function start(
    options: Partial<TenantDatabasesOptions>,
    { keyId = 'a', keys = ['a', 'b'], providers = [] as Provider[] } = {},
  ): Promise<void> {
    if (!scratch) {
      scratch = await scratchDatabase(type);
      directory = await mkdtemp(join(tmpdir(), 'warm-'));
      calls.length = 0;
    } else await app.close();
    const tenantDatabases = { entities: [Note], directory, ...options };
    const secrets = { keyId, keys: Object.fromEntries(keys.map((key) => [key, Buffer.alloc(32, key)])) };
    const host = HostDatabaseModule.forRoot({ database: scratch.options, jobs: { worker: false }, tenantDatabases, secrets });
    app = await NestFactory.createApplicationContext({ module: WarmModule, imports: [host], providers }, { logger: false });
  }

  const made = new Set<string>();
  const create = (facts: Partial<NewTenant> = {}) =>
    run(async () => {
      const { id, status, isActive } = await app.get(TenantsService).create({ name: 'Acme', ...facts });
      made.add(id);
      return { id, status, isActive };
    });
  const pool = () =>
    run(async () => {
      const rows = await app
        .get(HostDatabase)
        .em.find(WarmTenant, {}, { orderBy: { createdAt: 1, id: 1 }, disableIdentityMap: true });
      for (const { id } of rows) made.add(id);
      return rows;
    });
  const ready = async () => (await pool()).filter(({ status }) => status === 'ready').map(({ id }) => id);
  const exists = async (id: string) =>
    app.get(TenantStorage).exists((await app.get(TenantPlacement).choose({ tenantId: id })).address);
  const notes = (id: string) =>
    run(() =>
      app.get(TenantDatabases).run(id, async (em) => (await em.find(Note, {}, { orderBy: { id: 1 } })).map((note) => note.id)),
    );

  afterEach(async () => {
    const remove = async (id: string) => {
      const { address } = await app.get(TenantPlacement).choose({ tenantId: id });
      await app.get(TenantUsers).drop(address);
      await app.get(TenantStorage).drop(address);
    };
    // What a test has not looked at is there as well, above all where it has failed.
    await pool();
    const tenants = await run(() => app.get(HostDatabase).em.execute<{ id: string }[]>('select id from core_tenants'));
    for (const { id } of tenants) made.add(id);
    await Promise.all([...made].map(remove));
    made.clear();
    await app.close();
    await scratch?.drop();
    scratch = undefined;
    await rm(directory, { recursive: true, force: true });
  }, 120_000);

  it('gives a tenant its database with the commit, and makes another', async () => {
    await start({ warmPool: { size: 2 } });
    await jobs();
    const places = await ready();
    expect(places).toHaveLength(2);

    const tenant = await create({ slug: 'acme' });
    expect(tenant).toEqual({ id: places[0], status: 'active', isActive: true });
    expect(await notes(tenant.id)).toEqual([]);
    expect(await run(() => app.get(TenantsService).whenActive(tenant.id))).toMatchObject({ server: 'host', mode: 'database' });
    expect(await run(() => app.get(TenantProvisionings).of(tenant.id))).toMatchObject({ state: 'succeeded' });
    const events = await run(() =>
      app.get(HostDatabase).auditLogs.find({ targetId: tenant.id, eventType: 'tenants.provisioned' }),
    );
    expect(events).toMatchObject([{ details: { isWarm: true } }]);

    expect(await ready()).toEqual([places[1]]);
    await jobs();
    expect(await ready()).toHaveLength(2);
  });

  it('keeps no address beside that of the catalogue', async () => {
    await start({ warmPool: { size: 1 } });
    await jobs();
    const [place] = await ready();
    const tenant = await create();
    expect(tenant).toEqual({ id: place, status: 'active', isActive: true });
    const sql = `select status, result from sys_tenant_provisioning_steps where tenant_id = ? and step = 'create-user'`;
    const recorded = await run(() => app.get(HostDatabase).em.execute(sql, [tenant.id]));
    expect(recorded).toEqual([{ status: 'done', result: null }]);
  });

  it('is asked to be filled once a tenant that it had no place for is committed', async () => {
    await start({ warmPool: { size: 1 } });
    await jobs();
    await create();
    const tendings = () =>
      run(() => app.get(HostDatabase).systemJobs.count({ jobType: 'tenants.tend-warm-pool', status: 'pending' }));
    const withinTransaction = (end: () => void) =>
      run(() =>
        app.get(HostDatabase).transactional(async () => {
          made.add((await app.get(TenantsService).create({ name: 'Acme' })).id);
          end();
        }),
      );
    await expect(
      withinTransaction(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await tendings()).toBe(0);
    await withinTransaction(() => undefined);
    await until(async () => (await tendings()) === 1);
  });

  // SQLite has one writer at a time.
  if (type === 'postgresql') {
    it('keeps no sign-up waiting for another when it is empty', async () => {
      await start({ warmPool: { size: 1 } });
      await jobs();
      await create();
      const createBesides = () =>
        run(() =>
          app.get(HostDatabase).transactional(async (em) => {
            await em.execute(`set local lock_timeout = '3s'`);
            return app.get(TenantsService).create({ name: 'Other' });
          }),
        );
      const other = await run(() =>
        app.get(HostDatabase).transactional(async () => {
          made.add((await app.get(TenantsService).create({ name: 'Acme' })).id);
          return createBesides();
        }),
      );
      made.add(other.id);
      expect(other.status).toBe('provisioning');
    });
  }

  it('has a place again whose tenant was rolled back', async () => {
    await start({ warmPool: { size: 1 } });
    await jobs();
    const before = await ready();
    await expect(
      run(() =>
        app.get(HostDatabase).transactional(async () => {
          expect((await app.get(TenantsService).create({ name: 'Acme' })).isActive).toBe(true);
          throw new Error('no');
        }),
      ),
    ).rejects.toThrow('no');
    expect(await ready()).toEqual(before);
    expect(before).toHaveLength(1);

    const first = await create({ slug: 'acme' });
    await jobs();
    const next = await ready();
    await expect(create({ slug: 'acme' })).rejects.toBeInstanceOf(DuplicateSlugError);
    expect(await ready()).toEqual(next);
    expect(first.isActive).toBe(true);
  });

  it('gives each place to one of many requests, and the others go the long way', async () => {
    await start({ warmPool: { size: 3 } });
    await jobs();
    const tenants = await Promise.all(Array.from({ length: 6 }, () => create()));
    expect(new Set(tenants.map(({ id }) => id)).size).toBe(6);
    expect(tenants.filter(({ isActive }) => isActive)).toHaveLength(3);
    await jobs();
    const statuses = await Promise.all(
      tenants.map(async ({ id }) => (await run(() => app.get(TenantsService).getById(id))).status),
    );
    expect(statuses).toEqual(Array.from({ length: 6 }, () => 'active'));
    expect(await ready()).toHaveLength(3);
  });

  it('does ahead what needs no tenant, and the rest when there is one', async () => {
    await start(
      { warmPool: { size: 1 }, seed: (em, { name }) => em.upsert(Note, { id: 'seed', text: name }) },
      { providers: [Steps] },
    );
    await jobs();
    expect(calls).toEqual(['countries of undefined']);
    const owner = await run(() => app.get(UsersService).create({ email: 'ada@example.com' }));
    const [place] = await ready();
    const tenant = await create({ ownerId: owner.id });
    expect(tenant).toEqual({ id: place, status: 'provisioning', isActive: false });
    await jobs();
    expect(await notes(tenant.id)).toEqual(['countries', 'profile', 'seed']);
    // Once for the tenant, and once for the place that was made in its stead.
    expect(calls.toSorted()).toEqual(['countries of undefined', 'countries of undefined', 'profile']);
    expect(await run(() => app.get(TenantsService).getById(tenant.id))).toMatchObject({ status: 'active' });
  });

  it('is not asked for a tenant with a place of its own choice, and is off by default', async () => {
    await start({ warmPool: { size: 1 } });
    await jobs();
    expect((await create({ placement: { server: 'host' } })).isActive).toBe(false);
    expect(await ready()).toHaveLength(1);
    await start({});
    expect((await create()).isActive).toBe(false);
  });

  it('becomes smaller and goes, with all that it had', async () => {
    await start({ warmPool: { size: 3 } });
    await jobs();
    const places = await ready();
    await start({ warmPool: { size: 1 } });
    await jobs();
    const [kept] = await ready();
    expect(await pool()).toHaveLength(1);
    expect(places).toContain(kept);
    for (const id of places) expect({ id, exists: await exists(id) }).toEqual({ id, exists: id === kept });
    await start({});
    await jobs();
    expect(await pool()).toEqual([]);
    expect(await exists(kept ?? '')).toBe(false);
    expect(await run(() => app.get(HostDatabase).em.execute('select * from sys_tenant_provisionings'))).toEqual([]);
  });

  it('brings its places up to a newer version of the application before they are claimed', async () => {
    await start({ warmPool: { size: 1 }, migrations: FIRST });
    await jobs();
    const [place] = await ready();
    expect((await pool())[0]?.schemaVersion).toBe('Migration1_notes');
    await start({ warmPool: { size: 1 }, migrations: SECOND });
    // It lacks a table: the tenant gets another place.
    const early = await create();
    expect(early).toMatchObject({ status: 'provisioning' });
    await jobs();
    expect(await ready()).toEqual([place]);
    const tenant = await create();
    expect(tenant).toEqual({ id: place, status: 'active', isActive: true });
    expect(await run(() => app.get(TenantDatabases).run(tenant.id, (em) => em.execute('select * from tag')))).toEqual([]);
    expect(await run(() => app.get(TenantsService).getById(tenant.id))).toMatchObject({ schemaVersion: 'Migration2_tags' });
  });

  it('encrypts the addresses of its places with the current key', async () => {
    await start({ warmPool: { size: 1 } });
    await jobs();
    expect((await pool())[0]?.dbUrl).toMatch(/^enc:v1:a:/);
    await start({ warmPool: { size: 1 } }, { keyId: 'b' });
    await jobs();
    expect((await pool())[0]?.dbUrl).toMatch(/^enc:v1:b:/);
    const tenant = await create();
    expect(tenant.isActive).toBe(true);
    expect(await notes(tenant.id)).toEqual([]);
  });

  it('is rotated with the keys, as are provisionings that are under way', async () => {
    const warmPool = { size: 1 };
    await start({ warmPool: { size: 0 } }, { providers: [Hesitant] });
    const slow = await create();
    await jobs();
    await run(async () => {
      // Its next attempt is to come when the key is gone.
      const [job] = await app.get(HostDatabase).systemJobs.find({ tenantId: slow.id });
      await app.get(JobsService).cancel(job?.id ?? '');
    });
    await start({ warmPool });
    await jobs();
    const [place] = await ready();
    await start({ warmPool }, { keyId: 'b' });
    expect(await app.get(TenantSecrets).rotateKeys()).toEqual({ total: 2, rotated: 2, failed: [] });
    expect(await app.get(TenantSecrets).rotateKeys()).toEqual({ total: 0, rotated: 0, failed: [] });

    await start({ warmPool }, { keyId: 'b', keys: ['b'], providers: [Hesitant] });
    expect(await ready()).toEqual([place]);
    await run(() => app.get(TenantsService).retryProvisioning(slow.id));
    await jobs();
    expect(await notes(slow.id)).toEqual([]);
    await start({ warmPool }, { keyId: 'b', keys: ['b'] });
    const tenant = await create();
    expect(tenant).toEqual({ id: place, status: 'active', isActive: true });
    expect(await notes(tenant.id)).toEqual([]);
  });

  it('gives away no place whose key is gone, and makes others', async () => {
    await start({ warmPool: { size: 2 } });
    await jobs();
    const lost = await ready();
    await start({ warmPool: { size: 2 } }, { keyId: 'b', keys: ['b'] });
    expect(await create()).toMatchObject({ status: 'provisioning' });
    await jobs();
    const places = await ready();
    expect(places).toHaveLength(2);
    for (const id of lost) expect([places.includes(id), await exists(id)]).toEqual([false, false]);
    const tenant = await create();
    expect(tenant.isActive).toBe(true);
    expect(await notes(tenant.id)).toEqual([]);
  });

  it('makes its places anew where tenants are placed otherwise now', async () => {
    const shared = { warmPool: { size: 1 }, users: 'shared' } as const;
    await start(shared);
    await jobs();
    const [former = ''] = await ready();
    const { address } = await app.get(TenantPlacement).choose({ tenantId: former });
    const other = { placement: { servers: { host: { acceptsNew: false }, other: { directory: join(directory, 'other') } } } };
    await start({ ...shared, ...(type === 'postgresql' ? { users: 'own' } : other) });
    expect(await create()).toMatchObject({ status: 'provisioning' });
    await jobs();
    expect(await app.get(TenantStorage).exists(address)).toBe(false);
    const [place] = await ready();
    expect(place).not.toBe(former);
    const tenant = await create();
    expect(tenant).toEqual({ id: place, status: 'active', isActive: true });
    const { server } = await run(() => app.get(TenantsService).getById(tenant.id));
    const user = await run(() => app.get(TenantDatabases).run(tenant.id, (em) => new URL(getDbUri(em)).username));
    expect({ server, user }).toEqual(
      type === 'postgresql' ? { server: 'host', user: `tenant_${tenant.id}` } : { server: 'other', user: '' },
    );
  });

  it('gives away no place that an earlier application has migrated and this one has finished', async () => {
    await start({ warmPool: { size: 1 }, migrations: FIRST }, { providers: [Faltering] });
    await jobs();
    expect(await ready()).toEqual([]);
    await start({ warmPool: { size: 1 }, migrations: SECOND }, { providers: [Faltering] });
    await until(async () => {
      await jobs();
      return (await ready()).length === 1;
    });
    expect((await pool())[0]?.schemaVersion).toBe('Migration1_notes');
    expect(await create()).toMatchObject({ status: 'provisioning' });
    await until(async () => {
      await jobs();
      return (await pool())[0]?.schemaVersion === 'Migration2_tags';
    });
    expect((await create()).isActive).toBe(true);
  });
});
