import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEntity, EntityManager, type EntityRepository, p } from '@mikro-orm/core';
import { InjectRepository } from '@mikro-orm/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DatabaseConfigError,
  type DatabaseOptions,
  genId,
  getDbUri,
  GlobalUser,
  HostDatabase,
  HostDatabaseModule,
  InvalidOptionError,
  PricingPlan,
  Subscription,
  TenantCatalog,
  timestamp,
} from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { getTenantRepositoryToken, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost } from 'nestjs-host-database/testing';

const QUIET = { logger: false as const, abortOnError: false };

describe('a script', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'script-'));
  });
  afterEach(async () => {
    await HostDatabase.resetInstance();
    await rm(directory, { recursive: true, force: true });
  });

  const env = () => ({ DB_TYPE: 'SQLITE', DB_NAME: join(directory, 'host') });

  it('gets the same instance of the environment everywhere, and a new one after a reset', async () => {
    const [first, second] = await Promise.all([HostDatabase.fromEnv(env()), HostDatabase.fromEnv(env())]);
    expect(second).toBe(first);
    await HostDatabase.resetInstance();
    expect(await HostDatabase.fromEnv(env())).not.toBe(first);
  });

  it('gets a new one after it has closed the old one', async () => {
    const first = await HostDatabase.fromEnv(env());
    await first.close();
    const second = await HostDatabase.fromEnv(env());
    expect(second).not.toBe(first);
    expect(await second.globalUsers.count()).toBe(0);
  });

  it('rejects for a wrong environment, and works once it is right', async () => {
    await expect(HostDatabase.fromEnv({ DB_TYPE: 'POSTGRESQL' })).rejects.toBeInstanceOf(DatabaseConfigError);
    await HostDatabase.fromEnv(env());
  });

  it('has one unit of work: commit() writes it, rollback() discards it', async () => {
    const hostDatabase = await HostDatabase.fromEnv(env());
    hostDatabase.em.create(GlobalUser, { email: 'Kept@example.com' });
    await hostDatabase.commit();
    hostDatabase.em.create(GlobalUser, { email: 'discarded@example.com' });
    hostDatabase.rollback();
    await hostDatabase.commit();
    expect((await hostDatabase.globalUsers.findAll()).map(({ email }) => email)).toEqual(['kept@example.com']);
  });

  it('copies what a plan includes to the subscriptions that it writes, as an application does', async () => {
    const hostDatabase = await HostDatabase.open({ database: { type: 'sqlite', name: ':memory:' } });
    const { em } = hostDatabase;
    const tenant = em.create(TenantCatalog, { name: 'Acme' });
    // Both in one flush.
    em.create(PricingPlan, { id: 'pro', name: 'Pro', features: ['export'], limits: { seats: 5 }, tierLevel: 2 });
    const subscription = em.create(Subscription, { tenant, planTier: 'pro', status: 'active' });
    const unknown = em.create(Subscription, { tenant, planTier: 'never-made', status: 'canceled' });
    await hostDatabase.commit();
    expect(subscription.entitlements).toEqual({ planId: 'pro', features: ['export'], limits: { seats: 5 }, tierLevel: 2 });
    expect(unknown.entitlements).toBeNull();
    await hostDatabase.close();
  });

  it('keeps two host databases of one process apart', async () => {
    const memory = { database: { type: 'sqlite', name: ':memory:' } } as const;
    const [first, second] = [await HostDatabase.open(memory), await HostDatabase.open(memory)];
    await first.transactional(async () => {
      first.em.create(GlobalUser, { email: 'first@example.com' });
      await first.commit();
      second.em.create(GlobalUser, { email: 'second@example.com' });
      await second.commit();
    });
    expect(await first.run(() => second.globalUsers.count({ email: 'first@example.com' }))).toBe(0);
    const emails = async (hostDatabase: HostDatabase) => (await hostDatabase.globalUsers.findAll()).map(({ email }) => email);
    expect([await emails(first), await emails(second)]).toEqual([['first@example.com'], ['second@example.com']]);
    await first.close();
    await second.close();
  });

  it('has transactions and all seven repositories', async () => {
    const hostDatabase = await HostDatabase.open({ database: { type: 'sqlite', name: ':memory:' } });
    await expect(
      hostDatabase.transactional(async (em) => {
        em.create(GlobalUser, { email: 'ada@example.com' });
        await em.flush();
        expect(await hostDatabase.globalUsers.count()).toBe(1);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const { globalUsers, tenantCatalogs, memberships, subscriptions, pricingPlans, auditLogs, systemJobs } = hostDatabase;
    const repositories = [globalUsers, tenantCatalogs, memberships, subscriptions, pricingPlans, auditLogs, systemJobs];
    expect(await Promise.all(repositories.map((repository) => repository.count()))).toEqual([0, 0, 0, 0, 0, 0, 0]);
    await hostDatabase.close();
  });

  it('has times in UTC, to the millisecond, and ids of 32 hex characters', () => {
    expect(timestamp().getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(genId()).toMatch(/^[0-9a-f]{32}$/);
  });

  it('has its changes recorded, without personal data, and writes past the flush refused', async () => {
    const hostDatabase = await HostDatabase.open({ database: { type: 'sqlite', name: ':memory:' } });
    hostDatabase.em.create(GlobalUser, { email: 'ada@example.com', passwordHash: 'a secret' });
    await hostDatabase.commit();
    const [row] = await hostDatabase.auditLogs.findAll();
    expect(row).toMatchObject({ eventType: 'users.created', details: { after: { email: '[redacted]', isSysAdmin: false } } });
    expect(JSON.stringify(row)).not.toMatch(/ada@example|a secret/);
    await expect(hostDatabase.globalUsers.nativeUpdate({}, { isSysAdmin: true })).rejects.toMatchObject({
      code: 'AUDIT_UNAUDITED_WRITE',
    });
    await hostDatabase.close();
  });
});

describe('the password', () => {
  it('is revealed by getDbUri() alone', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const { hostDatabase } = host;
    const uri = getDbUri(hostDatabase);
    const password = new URL(process.env.TEST_DB_URL ?? '').password;
    expect(uri).toContain(`:${password}@`);
    expect(getDbUri(hostDatabase.em)).toBe(uri);
    for (const shown of [
      String(hostDatabase),
      inspect(hostDatabase, { depth: 9, showHidden: true }),
      JSON.stringify({ hostDatabase }),
    ]) {
      expect(shown).toContain('HostDatabase(postgresql://postgres@');
      expect(shown).not.toContain(password);
      expect(shown).not.toContain(decodeURIComponent(password));
    }
    const reopened = await HostDatabase.open({ database: { url: uri } });
    expect(await reopened.globalUsers.count()).toBe(0);
    await reopened.close();
    await host.close();
  });

  it('is in no error of a server that refuses it', async () => {
    const database: DatabaseOptions = { url: process.env.TEST_DB_URL ?? '', password: 'wr0ng-s3cret', connect: { attempts: 1 } };
    const error: unknown = await HostDatabase.open({ database }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(inspect(error, { depth: 9 })).not.toContain('wr0ng-s3cret');
  });
});

describe('an unreachable database', () => {
  it('is a clear error after bounded tries', async () => {
    const database = { host: '127.0.0.1', port: 1, password: 's3cret', connect: { attempts: 3, backoffMs: 1 } };
    await expect(HostDatabase.open({ database })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      attempts: 3,
      location: 'postgresql://postgres@127.0.0.1:1/app_host',
    });
  });

  it('is no hang where the server accepts and says nothing', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => sockets.add(socket));
    const database = { host: '127.0.0.1', port, password: 'x', connect: { attempts: 2, backoffMs: 1, timeoutMs: 50 } };
    await expect(HostDatabase.open({ database })).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', attempts: 2 });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

@Injectable()
class UserCounter {
  constructor(
    @InjectRepository(GlobalUser) readonly users: EntityRepository<GlobalUser>,
    readonly em: EntityManager,
    readonly hostDatabase: HostDatabase,
  ) {}
}

@Module({ providers: [UserCounter], exports: [UserCounter] })
class CounterModule {}

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

describe(HostDatabaseModule.name, () => {
  const sqlite = { type: 'sqlite', name: ':memory:' } as const;
  const jobs = { worker: false };

  const boot = async (imports: unknown[]) => {
    @Module({ imports: [...(imports as []), CounterModule] })
    class AppModule {}
    return NestFactory.createApplicationContext(AppModule, QUIET);
  };

  it.each([
    ['forRoot', () => HostDatabaseModule.forRoot({ database: sqlite, jobs })],
    ['forRoot with a URL', () => HostDatabaseModule.forRoot({ database: { url: 'sqlite::memory:' }, jobs })],
    ['forRootAsync', () => HostDatabaseModule.forRootAsync({ type: 'sqlite', useFactory: () => ({ database: sqlite, jobs }) })],
    [
      'forRootAsync with a class',
      () => {
        class Factory {
          create() {
            return { database: sqlite, jobs };
          }
        }
        return HostDatabaseModule.forRootAsync({ type: 'sqlite', useClass: Factory });
      },
    ],
  ])('provides the EntityManager and the repositories to every module by %s', async (_, module) => {
    const app = await boot([module()]);
    const counter = app.get(UserCounter, { strict: false });
    expect(await counter.hostDatabase.run(() => counter.users.count())).toBe(0);
    expect(counter.em).toBe(counter.hostDatabase.em);
    await app.close();
    expect(await counter.em.getDriver().getConnection().isConnected()).toBe(false);
  });

  it('makes the tables of the tenants from entities that are given beside the factory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tenants-'));
    const module = HostDatabaseModule.forRootAsync({
      type: 'sqlite',
      entities: [Note],
      useFactory: () => ({ database: sqlite, jobs, tenantDatabases: { directory } }),
    });
    const app = await boot([module]);
    const { id } = await app.get(HostDatabase).run(() => app.get(TenantsService).create({ name: 'Acme' }));
    await app.get(JobsService).runPending();
    await app.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1 }));
    expect(
      await app.get(TenantDatabases).run(id, () => app.get<EntityRepository<Note>>(getTenantRepositoryToken(Note)).count()),
    ).toBe(1);
    await app.close();
    await rm(directory, { recursive: true });
  });

  it('reads the environment without options', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'env-'));
    const before = { ...process.env };
    Object.assign(process.env, { DB_TYPE: 'SQLITE', DB_NAME: join(directory, 'from_env') });
    try {
      const app = await boot([HostDatabaseModule.forRoot({ jobs })]);
      expect(String(app.get(HostDatabase))).toContain('from_env.db');
      await app.close();
    } finally {
      process.env = before;
      await rm(directory, { recursive: true });
    }
  });

  it('is stopped by a wrong environment with one message', async () => {
    const before = { ...process.env };
    delete process.env.DB_PASS;
    delete process.env.DB_TYPE;
    try {
      await expect(boot([HostDatabaseModule.forRoot()])).rejects.toMatchObject({
        code: 'DATABASE_CONFIG_INVALID',
        message: expect.stringContaining('DB_PASS is missing'),
      });
    } finally {
      process.env = before;
    }
  });

  it.each([
    [
      'an option out of range',
      () => HostDatabaseModule.forRoot({ database: sqlite, jobs: { concurrency: 0 } }),
      InvalidOptionError,
    ],
    [
      'a type that the options contradict',
      () => HostDatabaseModule.forRootAsync({ type: 'postgresql', useFactory: () => ({ database: sqlite }) }),
      DatabaseConfigError,
    ],
  ])('is stopped by %s', async (_, module, error) => {
    await expect(boot([module()])).rejects.toBeInstanceOf(error);
  });

  it('hands on what MikroORM offers', async () => {
    const queries: string[] = [];
    const mikroOrm = { debug: ['query' as const], logger: (message: string) => void queries.push(message) };
    const app = await boot([HostDatabaseModule.forRoot({ database: { ...sqlite, mikroOrm }, jobs })]);
    queries.length = 0;
    await app.get(HostDatabase).run((em) => em.count(GlobalUser));
    expect(queries.join()).toContain('select count(*)');
    await app.close();
  });

  it('uses read replicas that are passed through, and writes to the primary', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const { url = '', name = '' } = host.options.database ?? {};
    const primary = new URL(url);
    const replica = { host: primary.hostname, port: Number(primary.port), name: 'replica-1' };
    const conversation: string[] = [];
    const app = await boot([
      HostDatabaseModule.forRoot({
        database: {
          url,
          name,
          mikroOrm: {
            replicas: [replica],
            debug: ['query'],
            colors: false,
            logger: (message) => void conversation.push(message),
          },
        },
        jobs,
      }),
    ]);
    await app.get(HostDatabase).run(async (em) => {
      em.create(GlobalUser, { email: 'replicated@example.com' });
      await em.flush();
      await em.fork().find(GlobalUser, {});
    });
    const select = conversation.find((line) => line.includes('select') && line.includes('core_users'));
    expect(select).toContain('replica-1');
    expect(conversation.find((line) => line.includes('insert into'))).not.toContain('replica-1');
    await app.close();
    await host.close();
  });
});
