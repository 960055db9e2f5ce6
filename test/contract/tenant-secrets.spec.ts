import { AsyncLocalStorage } from 'node:async_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LockMode, MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, HostDatabase, hostOrmConfig, TenantCatalog } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import {
  DuplicateTenantDatabaseError,
  KeyRotationInTransactionError,
  SecretsNotConfiguredError,
  SecretTamperedError,
  TenantAddresses,
  TenantSecrets,
  TenantsService,
} from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { FakeKms } from '../support/fake-kms.js';
import { scratchDatabase } from '../support/scratch-database.js';
import { dumpTables } from '../support/table-dump.js';
import { until } from '../support/until.js';

const PLANTED = 'planted-S3cret';

/** An address with the planted text in it, as its password where there are users. Nothing connects to it. */
function plantedAddress(type: 'sqlite' | 'postgresql', name = genId()): string {
  return type === 'sqlite'
    ? `sqlite://${join(tmpdir(), PLANTED, `${name}.db`)}`
    : `postgresql://someone:${PLANTED}@localhost:5432/${name}`;
}

describe.each(['sqlite', 'postgresql'] as const)('the secrets of the catalogue on %s', (database) => {
  let host: TestHost;
  let kms: FakeKms;
  const logged: string[] = [];
  const recorder = { debug: true, colors: false, logger: (message: string) => void logged.push(message) };

  beforeAll(async () => {
    kms = new FakeKms();
    host = await createTestHost({
      database,
      mikroOrm: recorder,
      options: { secrets: { provider: kms }, tenantDatabases: { catalogTtlMs: 0 } },
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const storedOf = async (id: string) => (await host.run(() => host.get(TenantsService).getById(id))).dbUrl ?? '';
  const write = (id: string, data: Partial<TenantCatalog>) =>
    host.run(() => host.get(AuditCapture).allowing('the test', (em) => em.nativeUpdate(TenantCatalog, { id }, data)));
  const store = (id: string, dbUrl: string, dbUrlHash?: string | null) =>
    write(id, { dbUrl, ...(dbUrlHash !== undefined && { dbUrlHash }) });
  const enter = (id: string) => host.run(() => host.get(TenantDatabases).run(id, (em) => em.execute('select 1 as one')));
  const planted = async (name?: string) => {
    const { id } = await host.newTenant({ provisioned: false });
    await host.run(() => host.get(TenantsService).activate(id, plantedAddress(database, name)));
    return id;
  };

  it('are encrypted for their tenant, and decrypted where it is entered', async () => {
    const { id, dbUrl } = await host.newTenant();
    expect(dbUrl).toMatch(/^enc:v1:arn%3Akms%2Fkey%3A\d+:[\w-]+:[\w-]{16}:[\w-]+$/);
    expect(await enter(id)).toEqual([{ one: 1 }]);
    expect(await host.get(TenantAddresses).locate({ id, dbUrl: dbUrl ?? '' })).toMatch(/^(sqlite|postgresql):\/\//);
  });

  it('differ at each encryption, and keep two tenants out of one database all the same', async () => {
    const name = genId();
    const first = await planted(name);
    const { id: second } = await host.newTenant({ provisioned: false });
    const error = await host
      .run(() => host.get(TenantsService).activate(second, plantedAddress(database, name).replace('someone', 'another')))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DuplicateTenantDatabaseError);
    expect(inspect(error, { depth: 9 })).not.toContain(PLANTED);

    const addresses = host.get(TenantAddresses);
    const again = await addresses.seal(first, plantedAddress(database, name));
    expect(again.dbUrl).not.toBe(await storedOf(first));
    expect(again.dbUrlHash).toBe((await addresses.seal(second, plantedAddress(database, name))).dbUrlHash);
  });

  it('are refused when those of two tenants are swapped', async () => {
    const [one, other] = [await host.newTenant(), await host.newTenant()];
    const [ofOne, ofOther] = [one.dbUrl ?? '', other.dbUrl ?? ''];
    await store(one.id, ofOther);
    await store(other.id, ofOne);
    await expect(enter(one.id)).rejects.toBeInstanceOf(SecretTamperedError);
    await expect(enter(other.id)).rejects.toMatchObject({ code: 'TENANTS_SECRET_TAMPERED', tenantId: other.id });
    // Each opens its own.
    await store(one.id, ofOne);
    await store(other.id, ofOther);
    expect(await enter(one.id)).toEqual(await enter(other.id));
  });

  it('ask a key provider once for each stored value', async () => {
    const { id } = await host.newTenant();
    await enter(id);
    const before = kms.unwrapped;
    await enter(id);
    expect(kms.unwrapped).toBe(before);
  });

  it('are in no dump, log, error or JSON', async () => {
    const id = await planted();
    const clear = plantedAddress(database);
    const { id: old } = await host.newTenant({ provisioned: false });
    const dump = () => host.run(() => dumpTables(host.hostDatabase.em, database));
    expect(await dump()).not.toContain(PLANTED);
    // Stored before there was any encryption. The table has it, so the look-out works; the entity's JSON does not.
    logged.length = 0;
    await write(old, { dbUrl: clear, status: 'active', isActive: true });
    expect(await dump()).toContain(PLANTED);
    expect(logged.join('\n')).toContain(PLANTED);
    expect(JSON.stringify(await host.run(() => host.get(TenantsService).getById(old)))).not.toContain(PLANTED);

    logged.length = 0;
    expect(await host.get(TenantSecrets).rotateKeys()).toMatchObject({ failed: [] });
    const errors = await Promise.all([id, old].map((tenantId) => enter(tenantId).catch((reason: unknown) => reason)));
    const tenants = await host.run(() => host.hostDatabase.tenantCatalogs.findAll());
    expect(tenants.length).toBeGreaterThan(0);
    expect(await dump()).not.toContain(PLANTED);
    const said = [logged, tenants, tenants.map((tenant) => JSON.stringify(tenant)), host.get(TenantAddresses)];
    expect(inspect(said, { depth: 5, maxArrayLength: null, maxStringLength: null })).not.toContain(PLANTED);
    expect(errors.map((error) => (error as { code?: string }).code)).toEqual(['DATABASE_UNREACHABLE', 'DATABASE_UNREACHABLE']);
    // On SQLite an error says which file could not be opened: its path is no password.
    expect(inspect(errors, { depth: 9 }).includes(PLANTED)).toBe(database === 'sqlite');
    for (const tenantId of [id, old]) await host.run(() => host.get(TenantsService).suspend(tenantId));
  });

  describe('rotateKeys', () => {
    it('leaves nothing of older keys, while tenants are entered', async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, async () => (await host.newTenant()).id));
      const failures: unknown[] = [];
      let entered = 0;
      const over = new AbortController();
      const fibers = ids.concat(ids).map(async (id) => {
        while (!over.signal.aborted) {
          await enter(id).then(
            () => entered++,
            (error: unknown) => failures.push(error),
          );
          // SQLite answers at once: the others would never have their turn.
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      try {
        for (let round = 0; round < 3; round++) {
          kms.rotate();
          const seen: number[] = [];
          const result = await host
            .get(TenantSecrets)
            .rotateKeys({ batch: 2, onProgress: ({ rotated }) => void seen.push(rotated) });
          expect(result).toMatchObject({ failed: [], rotated: result.total });
          expect(result.total).toBeGreaterThanOrEqual(ids.length);
          expect(seen).toEqual(seen.toSorted((a, b) => a - b));
          expect(seen.length).toBe(Math.ceil(result.total / 2));
        }
      } finally {
        over.abort();
        await Promise.all(fibers);
      }
      expect(failures).toEqual([]);
      expect(entered).toBeGreaterThan(0);
      const stored = await Promise.all(ids.map(storedOf));
      expect(stored.every((dbUrl) => dbUrl.startsWith(`enc:v1:${encodeURIComponent(kms.keyId)}:`))).toBe(true);
      expect(await host.get(TenantSecrets).rotateKeys()).toEqual({ total: 0, rotated: 0, failed: [] });
    });

    it('shares the work with another that runs at the same time', async () => {
      await host.newTenant();
      await host.newTenant();
      kms.rotate();
      const results = await Promise.all([1, 3].map((batch) => host.get(TenantSecrets).rotateKeys({ batch })));
      expect(results.reduce((sum, { rotated }) => sum + rotated, 0)).toBe(Math.max(...results.map(({ total }) => total)));
      expect(results.flatMap(({ failed }) => failed)).toEqual([]);
    });

    it('tells of a tenant that it cannot help, and goes on', async () => {
      const [broken, whole] = [await host.newTenant(), await host.newTenant()];
      await store(broken.id, `${broken.dbUrl?.slice(0, -8)}AAAAAAAA`);
      kms.rotate();
      const { failed } = await host.get(TenantSecrets).rotateKeys();
      expect(failed).toEqual([{ tenantId: broken.id, error: expect.any(SecretTamperedError) }]);
      expect(await storedOf(whole.id)).toContain(encodeURIComponent(kms.keyId));
      await store(broken.id, broken.dbUrl ?? '');
      expect(await host.get(TenantSecrets).rotateKeys()).toEqual({ total: 1, rotated: 1, failed: [] });
    });

    it('fills in a hash that is missing, and finds two tenants in one database', async () => {
      const { id, dbUrl } = await host.newTenant();
      const address = await host.get(TenantAddresses).reveal({ id, dbUrl: dbUrl ?? '' });
      const other = await host.newTenant({ provisioned: false });
      await store(other.id, address);
      const { failed } = await host.get(TenantSecrets).rotateKeys();
      expect(failed).toEqual([{ tenantId: other.id, error: expect.any(DuplicateTenantDatabaseError) }]);
      await write(other.id, { dbUrl: null });
      await store(id, address, null);
      expect(await host.get(TenantSecrets).rotateKeys()).toMatchObject({ total: 1, rotated: 1 });
      expect(await host.run(async () => (await host.get(TenantsService).getById(id)).dbUrlHash)).toMatch(/^[0-9a-f]{64}$/);
    });

    it('is in the audit log once for each batch, and once as a whole', async () => {
      const ids = await Promise.all([1, 2, 3].map(async () => (await host.newTenant()).id));
      const events = () => host.run(() => host.hostDatabase.auditLogs.find({ id: { $gt: since } }, { orderBy: { id: 1 } }));
      const since = genId();
      kms.rotate();
      const { total } = await host.get(TenantSecrets).rotateKeys({ batch: 2 });
      expect(total).toBeGreaterThanOrEqual(ids.length);
      const bypassed = {
        eventType: 'audit.capture-bypassed',
        details: { reason: 'TenantSecrets.rotateKeys()', tables: ['core_tenants'] },
      };
      const rotated = {
        eventType: 'tenants.keys-rotated',
        tenantId: null,
        details: { keyId: kms.keyId, rotated: total, failed: 0 },
      };
      expect(await events()).toMatchObject([...Array.from({ length: Math.ceil(total / 2) }, () => bypassed), rotated]);
    });

    // SQLite has one writer at a time.
    if (database === 'postgresql') {
      it('waits for a row that somebody has locked, and for nobody else meanwhile', async () => {
        const [locked, free] = [await host.newTenant(), await host.newTenant()];
        kms.rotate();
        const elsewhere = AsyncLocalStorage.snapshot();
        const isCurrent = async (id: string) => (await storedOf(id)).includes(encodeURIComponent(kms.keyId));
        const rotating = await host.run(() =>
          host.hostDatabase.transactional(async (em) => {
            await em.findOneOrFail(TenantCatalog, { id: locked.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
            const rotation = elsewhere(() => host.get(TenantSecrets).rotateKeys());
            await until(() => isCurrent(free.id));
            expect(await isCurrent(locked.id)).toBe(false);
            // The other row would be a deadlock if the rotation held it while it waits for this one.
            await em.findOneOrFail(TenantCatalog, { id: free.id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
            return [rotation];
          }),
        );
        expect((await rotating[0])?.failed).toEqual([]);
        expect(await isCurrent(locked.id)).toBe(true);
      });
    }

    it('is refused inside a transaction', async () => {
      const rotating = host.run(() => host.hostDatabase.transactional(() => host.get(TenantSecrets).rotateKeys()));
      await expect(rotating).rejects.toBeInstanceOf(KeyRotationInTransactionError);
    });
  });
});

describe.each(['sqlite', 'postgresql'] as const)('a host without keys on %s', (database) => {
  it('keeps addresses without a password in clear', async () => {
    const host = await createTestHost({ database });
    const { dbUrl } = await host.newTenant();
    expect(dbUrl).toMatch(/^(sqlite|postgresql):/);
    await expect(host.get(TenantSecrets).rotateKeys()).rejects.toBeInstanceOf(SecretsNotConfiguredError);
    await host.close();
  });
});

// Only an address on a server can have a password.
describe('a password without keys on postgresql', () => {
  it('is refused, where a user alone is not', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const { id } = await host.newTenant({ provisioned: false });
    const activate = (address: string) => host.run(() => host.get(TenantsService).activate(id, address));
    const error = await activate(plantedAddress('postgresql')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SecretsNotConfiguredError);
    expect(inspect(error, { depth: 9 })).not.toContain(PLANTED);
    const address = 'postgresql://someone@localhost:5432/nowhere';
    expect((await activate(address)).dbUrl).toBe(address);
    await host.close();
  });
});

describe.each(['sqlite', 'postgresql'] as const)('an upgrade on %s of a catalogue in clear', (type) => {
  const scratches: (() => Promise<void>)[] = [];
  beforeEach(() => void (scratches.length = 0));
  afterEach(async () => {
    for (const drop of scratches) await drop();
  });

  it('gives the rows their hashes, and keeps databases apart as before', async () => {
    const scratch = await scratchDatabase(type);
    const { options: database } = scratch;
    scratches.push(() => scratch.drop());
    const config = await hostOrmConfig(database);
    const list = config.migrations?.migrationsList as { name: string }[];
    const before = list.slice(
      0,
      list.findIndex(({ name }) => name.endsWith('encrypt_tenant_addresses')),
    );
    expect(before.length).toBeGreaterThan(0);
    const orm = await MikroORM.init({
      ...config,
      ensureDatabase: { create: false },
      migrations: { ...config.migrations, migrationsList: before as never },
    });
    await orm.migrator.up();
    const insert = `insert into core_tenants (id, name, db_url, created_at, status_changed_at) values (?, 'x', ?, ?, ?)`;
    const [id, garbled, other] = [genId(), genId(), genId()];
    const address = plantedAddress(type);
    const em = orm.em.fork() as SqlEntityManager;
    const now = type === 'sqlite' ? Date.now() : new Date();
    await em.execute(insert, [id, address, now, now]);
    await em.execute(insert, [garbled, 'no address', now, now]);
    await orm.close(true);

    const upgraded = await HostDatabase.open({ database });
    const hashes = await upgraded.tenantCatalogs.findAll({ orderBy: { id: 1 } });
    expect(hashes.map(({ dbUrl, dbUrlHash }) => [dbUrl, dbUrlHash])).toEqual([
      [address, expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['no address', null],
    ]);
    upgraded.em.create(TenantCatalog, { id: other, name: 'y', dbUrl: 'anything', dbUrlHash: hashes[0]?.dbUrlHash ?? '' });
    await expect(upgraded.commit()).rejects.toThrow(/unique/i);
    await upgraded.close();
  });
});
