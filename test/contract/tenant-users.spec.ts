import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getDbUri,
  HostDatabase,
  HostDatabaseModule,
  type HostDatabaseOptions,
  InvalidOptionError,
  TenantCatalog,
} from 'nestjs-host-database';
import {
  TenantDatabases,
  type TenantDatabasesOptions,
  TenantMigrations,
  TenantOutdatedError,
  TenantPlacement,
  TenantStorage,
  TenantUsers,
} from 'nestjs-host-database/tenant-databases';
import { PasswordRotationInTransactionError, TenantSecrets, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { asUser } from '../support/as-user.js';
import { FakeKms } from '../support/fake-kms.js';

const secrets = { keyId: 'k', keys: { k: randomBytes(32) } };
const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
const PERMISSION_DENIED = '42501';
const INVALID_PASSWORD = '28P01';
const TOO_MANY_CONNECTIONS = '53300';

function start(tenantDatabases: Partial<TenantDatabasesOptions>): Promise<TestHost> {
  return createTestHost({
    database: 'postgresql',
    options: { secrets, tenantDatabases: { entities: [Note], ...tenantDatabases } },
  });
}

/** What the server says to it: its SQLSTATE, or the rows. */
async function answer(asking: Promise<unknown>): Promise<unknown> {
  return asking.catch((error: unknown) => {
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      if ('code' in cause && /^[0-9A-Z]{5}$/.test(String(cause.code))) return cause.code;
    }
    throw error;
  });
}

// SQLite has no users.
describe.each(['database', 'schema'] as const)('the database user of a tenant with a %s on postgresql', (mode) => {
  let host: TestHost;
  let hostUrl: string;
  let own: string;
  let other: string;

  beforeAll(async () => {
    // `users` is 'own' where there are secrets.
    host = await start({ placement: { mode } });
    hostUrl = getDbUri(host.hostDatabase);
    [own, other] = [await addressOf((await host.newTenant()).id), await addressOf((await host.newTenant()).id)];
  });
  afterAll(async () => {
    await host.close();
  });

  const addressOf = (id: string) => host.get(TenantDatabases).run(id, (em) => getDbUri(em));
  const idOf = (address: string) => new URL(address).username.slice('tenant_'.length);
  const databaseOf = (address: string) => new URL(address).pathname.slice(1);
  const ask = (address: string, sql: string, database?: string) => answer(asUser(address, (em) => em.execute(sql), database));

  it('enters its own place, without being told which', async () => {
    const id = idOf(own);
    await host.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1, text: 'mine' }));
    expect(await ask(own, 'select current_user as who, text, current_schema() as schema from note')).toEqual([
      { who: `tenant_${id}`, text: 'mine', schema: mode === 'schema' ? `tenant_${id}` : 'public' },
    ]);
  });

  it('makes and changes tables there', async () => {
    expect(await ask(own, 'create table made (id int); alter table note add added int; drop table made')).toEqual([]);
    await ask(own, 'alter table note drop added');
  });

  it('enters no place of another', async () => {
    const [mine, theirs] = [`tenant_${idOf(own)}`, `tenant_${idOf(other)}`];
    const table = mode === 'schema' ? `"${theirs}".note` : 'note';
    expect(await ask(own, `select * from ${table}`, databaseOf(other))).toBe(PERMISSION_DENIED);
    expect(await ask(own, `insert into ${table} values (1, 'x')`, databaseOf(other))).toBe(PERMISSION_DENIED);
    expect(await ask(other, `select * from ${table}`, databaseOf(other))).toEqual([]);
    expect(await ask(own, `set role "${theirs}"`)).toBe(PERMISSION_DENIED);
    expect(await ask(own, `grant "${mine}" to "${theirs}"`)).toBe(PERMISSION_DENIED);
  });

  it('reads nothing of the host, and does not even enter it where that is closed to the public', async () => {
    const hostDatabase = databaseOf(hostUrl);
    for (const table of ['core_users', 'core_tenants', 'sys_jobs', 'sys_audit_logs']) {
      expect(await ask(own, `select * from ${table}`, hostDatabase)).toBe(PERMISSION_DENIED);
    }
    expect(await ask(own, 'create table planted (id int)', hostDatabase)).toBe(PERMISSION_DENIED);
    await asUser(hostUrl, (em) => em.execute(`revoke connect on database "${hostDatabase}" from public`));
    expect(await ask(own, 'select 1', hostDatabase)).toBe(PERMISSION_DENIED);
  });

  it.each(['create role more', 'create database more', 'create schema more', 'alter role current_user superuser'])(
    'has no right to %s',
    async (sql) => {
      expect(await ask(own, sql)).toBe(PERMISSION_DENIED);
    },
  );

  it('keeps nobody from changing privileges by holding the lock that stands for it', async () => {
    const { id } = await host.newTenant();
    const address = await addressOf(id);
    const key = 0x61636c73;
    // In a transaction, which has its connection to itself: the pool closes one that is idle, and its locks are gone.
    const holding = (em: SqlEntityManager) =>
      em.transactional(async (held) => {
        await held.execute(`select pg_advisory_lock(${key}), pg_advisory_lock(${key}, hashtext(current_database()))`);
        return host.get(TenantUsers).create(address);
      });
    const after = await asUser(address, holding);
    expect(await ask(after, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('gets a new password when it is made again, and is gone without what it owns when it is dropped', async () => {
    const { id } = await host.newTenant();
    const before = await addressOf(id);
    await host.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1, text: 'kept' }));
    const after = await host.get(TenantUsers).create(before);
    expect(await ask(before, 'select 1 as one')).toBe(INVALID_PASSWORD);
    expect(await ask(after, 'select 1 as one')).toEqual([{ one: 1 }]);
    await host.get(TenantUsers).drop(before);
    await host.get(TenantUsers).drop(before);
    expect(await ask(after, 'select 1 as one')).toBe(INVALID_PASSWORD);
    const schema = mode === 'schema' ? `tenant_${id}` : 'public';
    expect(await ask(hostUrl, `select text from "${schema}".note`, databaseOf(before))).toEqual([{ text: 'kept' }]);
  });
});

describe('the rights of a tenant’s database user', () => {
  class CreateNotes extends Migration {
    override name = 'CreateNotes';

    override up(): void {
      this.addSql('create table note (id serial primary key, text varchar(255) not null)');
    }
  }

  class CreateLabels extends Migration {
    override name = 'CreateLabels';

    override up(): void {
      this.addSql('create table label (id serial primary key, text varchar(255) not null)');
    }
  }

  it.each(['database', 'schema'] as const)('are those on rows, where the administrator migrates (%s)', async (mode) => {
    const host = await start({ userRights: 'data', placement: { mode }, migrations: { migrationsList: [CreateNotes] } });
    const { id } = await host.newTenant();
    const address = await host.get(TenantDatabases).run(id, async (em) => {
      em.create(Note, { id: 100, text: 'written' });
      await em.flush();
      await em.execute(`insert into note (text) values ('by its sequence')`);
      await em.nativeDelete(Note, { id: 1 });
      return getDbUri(em);
    });
    const ask = (sql: string) => answer(asUser(address, (em) => em.execute(sql)));
    expect(await ask('update note set text = text || 1 returning text')).toEqual([{ text: 'written1' }]);
    expect(await ask('create table made (id int)')).toBe(PERMISSION_DENIED);
    expect(await ask('drop table note')).toBe(PERMISSION_DENIED);
    await host.close();
  });

  it.each(['database', 'schema'] as const)('are no hindrance to the migrations of the next deploy (%s)', async (mode) => {
    const first = await start({
      users: 'own',
      userRights: 'data',
      placement: { mode },
      migrations: { migrationsList: [CreateNotes] },
    });
    const [entered, left, refused] = [await first.newTenant(), await first.newTenant(), await first.newTenant()];
    // The control: the server does ask for passwords.
    const address = await first.get(TenantDatabases).run(entered.id, (em) => getDbUri(em));
    const wrong = new URL(address);
    wrong.password = 'wrong';
    expect(await answer(asUser(wrong.href, (em) => em.execute('select 1')))).toBe(INVALID_PASSWORD);

    const migrations = { migrationsList: [CreateNotes, CreateLabels] };
    const deploy = (outdated: TenantDatabasesOptions['outdated']) =>
      NestFactory.createApplicationContext(
        HostDatabaseModule.forRoot({
          ...first.options,
          tenantDatabases: { ...first.options.tenantDatabases, migrations, outdated },
        }),
        { logger: ['error', 'fatal'], abortOnError: false },
      );
    const labelled = (app: INestApplicationContext, id: string) =>
      app
        .get(TenantDatabases)
        .run(id, (em) => em.execute(`insert into label (text) values ('x') returning id, current_user as who`));
    const rows = ({ id }: { readonly id: string }) => [{ id: 1, who: `tenant_${id}` }];

    const refusing = await deploy('refuse');
    await refusing.get(HostDatabase).run(async (em) => {
      em.assign(await em.findOneOrFail(TenantCatalog, { id: refused.id }), { schemaVersion: null, schemaDigest: null });
    });
    await expect(labelled(refusing, refused.id)).rejects.toBeInstanceOf(TenantOutdatedError);
    await refusing.close();
    const app = await deploy('migrate');
    expect(await labelled(app, entered.id)).toEqual(rows(entered));
    expect(await app.get(TenantMigrations).run()).toMatchObject({ state: 'completed', total: 2, done: 2, failures: [] });
    expect(await labelled(app, left.id)).toEqual(rows(left));
    expect(await labelled(app, refused.id)).toEqual(rows(refused));
    await app.close();
    await first.close();
  });

  it('end where it has as many connections as it may', async () => {
    const host = await start({ userConnectionLimit: 1 });
    const { id } = await host.newTenant();
    // One is the application's own.
    const address = await host.get(TenantDatabases).run(id, (em) => getDbUri(em));
    expect(await answer(asUser(address, (em) => em.execute('select 1')))).toBe(TOO_MANY_CONNECTIONS);
    await host.close();
  });
});

describe('an administrator who is no superuser', () => {
  it.each(['database', 'schema'] as const)('makes and removes tenants with a %s and a user each', async (mode) => {
    const superuser = process.env.TEST_DB_URL ?? '';
    const name = `admin_${randomBytes(6).toString('hex')}`;
    await asUser(superuser, (em) => em.execute(`create role ${name} login createdb createrole password 'planted'`));
    const url = new URL(superuser);
    Object.assign(url, { username: name, password: 'planted', pathname: '/postgres' });
    const schemaDatabase = `${name}_tenants`;
    const host = await start({ placement: { mode, servers: { main: { url: url.href, schemaDatabase } } } });
    const made = [await host.newTenant(), await host.newTenant()];
    for (const { id } of made) {
      await host.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1, text: id }));
      await host.run(() => host.get(TenantSecrets).rotateDatabasePassword(id));
      expect(await host.get(TenantDatabases).run(id, (em) => em.execute('select text, current_user as who from note'))).toEqual([
        { text: id, who: `tenant_${id}` },
      ]);
    }
    // Its own password is not a tenant's to change, whatever the address of the tenant says.
    const asAdministrator = new URL(await host.get(TenantDatabases).run(made[0]?.id ?? '', (em) => getDbUri(em)));
    Object.assign(asAdministrator, { username: name, password: 'planted' });
    await host.run(() => host.get(TenantsService).suspend(made[0]?.id ?? ''));
    await host.run(() => host.get(TenantsService).activate(made[0]?.id ?? '', asAdministrator.href));
    const rotating = host.run(() => host.get(TenantSecrets).rotateDatabasePassword(made[0]?.id ?? ''));
    await expect(rotating).rejects.toMatchObject({ code: 'TENANTS_PASSWORD_NOT_ROTATABLE', reason: 'administrator' });
    for (const { id } of made) {
      const { address } = await host.get(TenantPlacement).choose({ tenantId: id });
      await host.run(() => host.get(TenantsService).suspend(id));
      await host.get(TenantStorage).drop(address);
      await host.get(TenantUsers).drop(address);
      expect(await host.get(TenantStorage).exists(address)).toBe(false);
    }
    const left = await asUser(superuser, (em) =>
      em.execute(
        `select rolname from pg_roles where rolname in (?, ?)`,
        made.map(({ id }) => `tenant_${id}`),
      ),
    );
    expect(left).toEqual([]);
    await host.close();
    await asUser(superuser, async (em) => {
      await em.getConnection().execute(`drop database if exists ${schemaDatabase} with (force)`);
      await em.getConnection().execute(`drop owned by ${name}`);
      await em.getConnection().execute(`drop role ${name}`);
    });
  });
});

describe('a password on another server than the host’s', () => {
  let host: TestHost;
  let kms: FakeKms;

  beforeAll(async () => {
    kms = new FakeKms();
    const url = new URL(process.env.TEST_DB_URL ?? '');
    url.hostname = 'localhost';
    host = await createTestHost({
      database: 'postgresql',
      options: {
        secrets: { provider: kms },
        tenantDatabases: { placement: { servers: { other: { url: url.href } } }, pool: { min: 0, max: 2, idleTimeoutMillis: 1 } },
      },
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const addressOf = (id: string) => host.get(TenantDatabases).run(id, (em) => getDbUri(em));
  const rotate = (id: string) => host.run(() => host.get(TenantSecrets).rotateDatabasePassword(id));
  const who = (address: string) => answer(asUser(address, (em) => em.execute('select current_user as who')));

  it('is rotated there', async () => {
    const { id, server } = await host.newTenant();
    expect(server).toBe('other');
    const before = await addressOf(id);
    expect(new URL(before).hostname).toBe('localhost');
    await rotate(id);
    expect(await who(before)).toBe(INVALID_PASSWORD);
    expect(await host.get(TenantDatabases).run(id, (em) => em.execute('select current_user as who'))).toEqual([
      { who: `tenant_${id}` },
    ]);
    expect(await who(await addressOf(id))).toEqual([{ who: `tenant_${id}` }]);
  });

  it('stays where the catalogue could not be written', async () => {
    const { id } = await host.newTenant();
    const before = await addressOf(id);
    kms.isAway = true;
    await expect(rotate(id)).rejects.toMatchObject({ code: 'TENANTS_SECRET_KEY_PROVIDER_FAILED' });
    kms.isAway = false;
    expect(await who(before)).toEqual([{ who: `tenant_${id}` }]);
    await rotate(id);
    expect(await who(before)).toBe(INVALID_PASSWORD);
  });

  it('is not rotated in a transaction of the host, which does not reach that far', async () => {
    const { id } = await host.newTenant();
    const before = await addressOf(id);
    const rotating = host.run(() => host.hostDatabase.transactional(() => host.get(TenantSecrets).rotateDatabasePassword(id)));
    await expect(rotating).rejects.toBeInstanceOf(PasswordRotationInTransactionError);
    expect(await who(before)).toEqual([{ who: `tenant_${id}` }]);
  });

  it('is rotated by several at once, one after the other', async () => {
    const { id } = await host.newTenant();
    await Promise.all([rotate(id), rotate(id), rotate(id)]);
    expect(await who(await addressOf(id))).toEqual([{ who: `tenant_${id}` }]);
  });
});

describe('a host database that everybody may connect to', () => {
  it('is warned of at the boot where tenants beside it have users of their own, and nowhere else', async () => {
    const host = await start({});
    const hostUrl = getDbUri(host.hostDatabase);
    const name = new URL(hostUrl).pathname.slice(1);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const elsewhere = Object.assign(new URL(hostUrl), { hostname: '127.0.0.2' }).href;
    const warnings = async (options: HostDatabaseOptions) => {
      warn.mockClear();
      const module = HostDatabaseModule.forRoot({ ...host.options, ...options });
      await (await NestFactory.createApplicationContext(module, { logger: ['warn', 'error'], abortOnError: false })).close();
      return warn.mock.calls
        .map(([message]) => String(message))
        .filter((message) => message.includes('Every user of the server'));
    };
    const tenantDatabases = host.options.tenantDatabases ?? {};
    const atOther = { placement: { servers: { other: { url: elsewhere } } } };
    expect(await warnings({})).toEqual([expect.stringContaining(`revoke connect on database "${name}" from public`)]);
    expect(await warnings({ tenantDatabases: { ...tenantDatabases, users: 'shared' } })).toEqual([]);
    expect(await warnings({ tenantDatabases: { ...tenantDatabases, ...atOther } })).toEqual([]);
    // One that lives beside the host counts, wherever others are placed.
    await host.newTenant();
    expect(await warnings({ tenantDatabases: { ...tenantDatabases, ...atOther } })).toHaveLength(1);
    await asUser(hostUrl, (em) => em.execute(`revoke connect on database "${name}" from public`));
    expect(await warnings({})).toEqual([]);
    warn.mockRestore();
    await host.close();
  });
});

describe('users of their own', () => {
  it('are refused at the boot where their passwords could not be kept', async () => {
    const booting = createTestHost({ database: 'postgresql', options: { tenantDatabases: { users: 'own' } } });
    await expect(booting).rejects.toBeInstanceOf(InvalidOptionError);
  });

  it.each([
    ['sqlite', { secrets }],
    ['postgresql', {}],
  ] as const)('are none on %s where there are none to have, or no secrets', async (database, options) => {
    const host = await createTestHost({ database, options });
    const { id } = await host.newTenant();
    const { address } = await host.get(TenantPlacement).choose({ tenantId: id });
    expect(await host.get(TenantUsers).create(address)).toBe(address);
    await host.get(TenantUsers).drop(address);
    await host.close();
  });

  it('are not made for a place that the library has not made', async () => {
    const host = await start({});
    const address = 'postgresql://db.example.com:5432/acme';
    await expect(host.get(TenantUsers).create(address)).rejects.toMatchObject({ reason: 'not-made-here' });
    await expect(host.get(TenantStorage).create(address)).rejects.toMatchObject({ code: 'TENANT_DATABASES_NO_PLACE' });
    const onTheHost = new URL(getDbUri(host.hostDatabase));
    expect(
      await answer(
        host
          .get(TenantUsers)
          .create(onTheHost.href)
          .catch((error: unknown) => error),
      ),
    ).toMatchObject({
      reason: 'not-made-here',
    });
    await host.close();
  });
});
