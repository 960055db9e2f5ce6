import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { type DatabaseType, getDbUri, TenantCatalog } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import {
  type PlacementChoice,
  TENANT_DATABASES_OPTIONS,
  TenantDatabases,
  TenantPlacement,
  type TenantPlacementOptions,
  type TenantServerOptions,
  TenantServerUnknownError,
  TenantStorage,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const PLANTED = 'planted-S3cret';
const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });

describe.each(['sqlite', 'postgresql'] as const)(`${TenantPlacement.name} on %s`, (database) => {
  let host: TestHost;
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'placement-'));
  });
  afterEach(async () => {
    await host.close();
    await rm(directory, { recursive: true, force: true });
  });

  const another = (options?: TenantServerOptions) => anotherServer(database, directory, options);
  const start = async (placement?: TenantPlacementOptions) => {
    host = await createTestHost({
      database,
      options: { tenantDatabases: { entities: [Note], catalogTtlMs: 0, ...(placement && { placement }) } },
    });
    return host.get(TenantPlacement);
  };
  const placesOf = async (sut: TenantPlacement, count: number) => {
    const chosen = Array.from({ length: count }, (_, index) => sut.choose({ tenantId: String(index).padStart(32, '0') }));
    const servers = (await Promise.all(chosen)).map(({ server }) => server);
    return Object.fromEntries([...new Set(servers)].map((name) => [name, servers.filter((server) => server === name).length]));
  };
  /** Where a tenant's data is, as its own connection says. */
  const siteOf = (id: string) =>
    host.get(TenantDatabases).run(id, (em) => {
      const url = new URL(getDbUri(em));
      return database === 'sqlite' ? dirname(url.pathname) : url.hostname;
    });

  it('places tenants on the server of the host where there is no other', async () => {
    const sut = await start();
    const tenantId = 'a'.repeat(32);
    const { address, ...place } = await sut.choose({ tenantId });
    expect(place).toEqual({ server: 'host', mode: 'database' });
    expect(address).toContain(tenantId);
    expect(await host.newTenant()).toMatchObject({ server: 'host', mode: 'database' });
  });

  it('fills the servers by their weights, also for many at once', async () => {
    const sut = await start({ servers: { host: {}, other: another({ weight: 3 }) } });
    expect(await placesOf(sut, 20)).toEqual({ host: 5, other: 15 });
  });

  it('counts those that live there already', async () => {
    const sut = await start({ servers: { host: {}, other: another() } });
    const first = [await host.newTenant(), await host.newTenant()].map(({ server }) => server);
    expect(first).toEqual(['host', 'other']);
    for (let index = 0; index < 3; index++) await host.newTenant({ provisioned: false });
    await host.runJobs();
    expect(await host.run(() => host.hostDatabase.tenantCatalogs.count({ server: 'host' }))).toBe(3);
    expect(await host.run(() => host.hostDatabase.tenantCatalogs.count({ server: 'other' }))).toBe(2);
    expect((await sut.choose({ tenantId: 'b'.repeat(32) })).server).toBe('other');
  });

  it('reaches each tenant where it was placed', async () => {
    await start({ servers: { host: {}, other: another() } });
    const [one, two] = [await host.newTenant(), await host.newTenant()];
    for (const { id } of [one, two]) await host.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1, text: id }));
    for (const { id } of [one, two]) {
      expect(await host.get(TenantDatabases).run(id, (em) => em.execute('select text from note'))).toEqual([{ text: id }]);
    }
    const sites = await Promise.all([one, two].map(({ id }) => siteOf(id)));
    expect(sites[1]).toBe(database === 'sqlite' ? join(directory, 'other') : 'localhost');
    expect(sites[0]).not.toBe(sites[1]);
  });

  it('asks the application, which is shown who takes tenants', async () => {
    const asked: PlacementChoice[] = [];
    const sut = await start({
      servers: { host: { weight: 2 }, other: another(), full: another({ acceptsNew: false, ...elsewhere(database, directory) }) },
      choose: async (choice) => {
        await Promise.resolve();
        asked.push(choice);
        return { server: 'other' };
      },
    });
    const tenantId = 'c'.repeat(32);
    expect((await sut.choose({ tenantId })).server).toBe('other');
    expect(asked).toEqual([
      {
        tenantId,
        planTier: undefined,
        mode: 'database',
        servers: [
          { name: 'host', weight: 2, tenants: 0 },
          { name: 'other', weight: 1, tenants: 0 },
        ],
      },
    ]);
  });

  it('takes what is asked for, also a server that gets no new tenants by itself', async () => {
    const sut = await start({ servers: { host: {}, other: another({ acceptsNew: false }) } });
    expect(await placesOf(sut, 4)).toEqual({ host: 4 });
    expect((await sut.choose({ tenantId: 'd'.repeat(32), server: 'other' })).server).toBe('other');
  });

  it.each([
    ['asked for', { servers: { host: {} } }, { server: 'gone' }],
    ['chosen by the application', { choose: () => ({ server: 'gone' }) }, {}],
  ])('refuses a server that is not configured (%s)', async (_, placement, request) => {
    const sut = await start(placement);
    const tenantId = 'e'.repeat(32);
    await expect(sut.choose({ tenantId, ...request })).rejects.toBeInstanceOf(TenantServerUnknownError);
    await expect(sut.choose({ tenantId, ...request })).rejects.toMatchObject({ server: 'gone', tenantId });
  });

  it('names the server of a tenant that is not configured any more, and opens nothing', async () => {
    await start();
    const { id } = await host.newTenant();
    expect(await host.get(TenantDatabases).run(id, () => 'entered')).toBe('entered');
    await host.run(() =>
      host.get(AuditCapture).allowing('the test', (em) => em.nativeUpdate(TenantCatalog, { id }, { server: 'gone' })),
    );
    const entering = host.get(TenantDatabases).run(id, () => 'entered');
    await expect(entering).rejects.toMatchObject({ code: 'TENANT_DATABASES_SERVER_UNKNOWN', server: 'gone', tenantId: id });
  });

  it('leaves the tenants of before where they are when it is configured', async () => {
    await start({ servers: { other: another() } });
    expect((await host.newTenant()).server).toBe('other');
    const { id } = await host.newTenant({ provisioned: false });
    const { address } = await host.get(TenantPlacement).choose({ tenantId: id, server: 'host' });
    await host.get(TenantStorage).create(address);
    await host.run(() => host.get(TenantsService).activate(id, address, { server: 'host' }));
    expect(await host.run(() => host.get(TenantsService).getById(id))).toMatchObject({ server: 'host', mode: 'database' });
    expect(address).not.toContain(database === 'sqlite' ? directory : 'localhost');
    await host.get(TenantStorage).drop(address);
  });

  it('makes, finds and removes the places on every server', async () => {
    const sut = await start({ servers: { host: {}, other: another() } });
    const storage = host.get(TenantStorage);
    for (const server of ['host', 'other']) {
      const { id } = await host.newTenant({ provisioned: false });
      const { address } = await sut.choose({ tenantId: id, server });
      expect(await storage.exists(address)).toBe(false);
      await storage.create(address);
      await storage.create(address);
      expect(await storage.exists(address)).toBe(true);
      await storage.drop(address);
      await storage.drop(address);
      expect(await storage.exists(address)).toBe(false);
    }
  });
});

describe.each(['sqlite', 'postgresql'] as const)('the options of placement on %s', (database) => {
  const another = (options?: TenantServerOptions) => anotherServer(database, '/nowhere', options);
  const wrong: Record<string, () => TenantPlacementOptions> = {
    'an unknown mode': () => ({ mode: 'table' as 'schema' }),
    'a name with capitals': () => ({ servers: { Berlin: another() } }),
    'a weight of nothing': () => ({ servers: { other: another({ weight: 0 }) } }),
    'no server that takes tenants': () => ({ servers: { host: { acceptsNew: false } } }),
    'an address for the host': () => ({ servers: { host: another() } }),
    'no address': () => ({ servers: { other: {} } }),
    'what the other dialect has': () => ({
      servers: { other: database === 'sqlite' ? { url: 'postgresql://h/d' } : { directory: '/nowhere' } },
    }),
    'one server twice': () => ({ servers: { one: another(), two: another() } }),
  };

  it.each(Object.entries(wrong))('stop the boot: %s', async (_, placement) => {
    await expect(createTestHost({ database, options: { tenantDatabases: { placement: placement() } } })).rejects.toMatchObject({
      code: 'COMMON_INVALID_OPTION',
    });
  });
});

/** Another server: another directory, or the same PostgreSQL by another of its names. */
function anotherServer(database: DatabaseType, directory: string, options?: TenantServerOptions): TenantServerOptions {
  if (database === 'sqlite') return { directory: join(directory, 'other'), ...options };
  return { url: Object.assign(new URL(process.env.TEST_DB_URL ?? ''), { hostname: 'localhost' }).href, ...options };
}

/** A third server, that is never connected to. */
function elsewhere(database: DatabaseType, directory: string): TenantServerOptions {
  return database === 'sqlite' ? { directory: join(directory, 'full') } : { url: 'postgresql://full.example.com/postgres' };
}

describe('a fleet', () => {
  it('mixes databases and schemas on postgresql, as the application decides by the plan', async () => {
    const host = await createTestHost({
      database: 'postgresql',
      options: {
        tenantDatabases: {
          entities: [Note],
          placement: { choose: ({ planTier }) => (planTier === 'enterprise' ? {} : { mode: 'schema' }) },
        },
      },
    });
    const made = [await host.newTenant({ planTier: 'enterprise' }), await host.newTenant(), await host.newTenant()];
    expect(made.map(({ mode }) => mode)).toEqual(['database', 'schema', 'schema']);
    const tenants = host.get(TenantDatabases);
    for (const { id } of made) await tenants.run(id, (em) => void em.create(Note, { id: 1, text: id }));
    const read = made.map(({ id }) => tenants.run(id, (em) => em.execute('select text from note')));
    expect(await Promise.all(read)).toEqual(made.map(({ id }) => [{ text: id }]));
    await host.close();
  });

  it('has no schemas on sqlite', async () => {
    const host = await createTestHost();
    const choosing = host.get(TenantPlacement).choose({ tenantId: 'f'.repeat(32), mode: 'schema' });
    await expect(choosing).rejects.toMatchObject({ code: 'TENANT_DATABASES_NO_PLACE', reason: 'no-schemas' });
    await host.close();
  });
});

// PostgreSQL has its own files.
describe('the file of a tenant on sqlite', () => {
  it('is for the user of the process alone, and so is the directory that is made for it', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'placement-'));
    const directory = join(parent, 'made', 'here');
    const host = await createTestHost({ options: { tenantDatabases: { entities: [Note], directory } } });
    const { id } = await host.newTenant();
    const modes = await host.get(TenantDatabases).run(id, async (em) => {
      em.create(Note, { id: 1, text: 'mine' });
      await em.flush();
      const paths = [join(parent, 'made'), directory, ...['', '-wal', '-shm'].map((end) => join(directory, `${id}.db${end}`))];
      return Promise.all(paths.map(async (path) => (await stat(path)).mode & 0o777));
    });
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600]);
    await host.close();
    await rm(parent, { recursive: true, force: true });
  });
});

// SQLite has no administrators.
describe('the address of an administrator on postgresql', () => {
  it('is in no error, no log and nothing that is printed', async () => {
    const logged: string[] = [];
    const recorder = { debug: true, colors: false, logger: (message: string) => void logged.push(message) };
    const url = `postgresql://someone:${PLANTED}@127.0.0.1:1/postgres`;
    const host = await createTestHost({
      database: 'postgresql',
      mikroOrm: recorder,
      options: {
        tenantDatabases: {
          mikroOrm: recorder,
          connect: { attempts: 2, backoffMs: 1 },
          placement: { servers: { host: {}, away: { url, acceptsNew: false } } },
        },
      },
    });
    const { address } = await host.get(TenantPlacement).choose({ tenantId: 'a'.repeat(32), server: 'away' });
    const error = await host
      .get(TenantStorage)
      .create(address)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE', attempts: 2 });
    const placement = host.get(TenantPlacement);
    const printed = [
      inspect(error, { depth: 9 }),
      inspect(host.get(TENANT_DATABASES_OPTIONS), { depth: 9 }),
      JSON.stringify(host.get(TENANT_DATABASES_OPTIONS)),
      inspect(placement['servers'], { depth: 9 }),
      address,
      ...logged,
    ].join('\n');
    expect(printed).toContain('127.0.0.1:1');
    expect(printed).not.toContain(PLANTED);
    expect(printed).not.toContain('someone');
    await host.close();
  });

  it('is refused without being quoted where it cannot be read', async () => {
    const url = `postgresql://someone:${PLANTED}@[/postgres`;
    const booting = createTestHost({
      database: 'postgresql',
      options: { tenantDatabases: { placement: { servers: { broken: { url } } } } },
    });
    const error = await booting.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'COMMON_INVALID_OPTION' });
    expect(inspect(error, { depth: 9 })).not.toContain(PLANTED);
  });
});
