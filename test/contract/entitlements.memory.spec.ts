import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { genId, HostDatabase, HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { Entitlements, PlansService, SubscriptionsService, type SubscriptionStatus } from 'nestjs-host-database/billing';
import { TenantCatalog } from 'nestjs-host-database/tenants';
import { onNativeClient } from '../support/native-client.js';
import { scratchDatabase, type ScratchDatabase } from '../support/scratch-database.js';
import { SqlConversation } from '../support/sql-conversation.js';
import { until } from '../support/until.js';

describe.each(['sqlite', 'postgresql'] as const)(`what ${Entitlements.name} remembers on %s`, (type) => {
  const conversation = new SqlConversation();
  let scratch: ScratchDatabase;
  /** Writes, and does not share its memory with the other. */
  let writer: INestApplicationContext;
  let reader: INestApplicationContext;
  let tenantId: string;

  const start = async (options: HostDatabaseOptions = {}) => {
    const database = { ...scratch.options, mikroOrm: conversation.mikroOrm };
    const module = HostDatabaseModule.forRoot({ jobs: { worker: false }, ...options, database });
    return NestFactory.createApplicationContext(module, { logger: ['error'] });
  };

  beforeAll(async () => {
    scratch = await scratchDatabase(type);
    writer = await start();
    reader = await start();
    await inWriter(() => writer.get(PlansService).upsert('pro', { name: 'Pro', tierLevel: 2 }));
  });
  afterAll(async () => {
    await writer.close();
    await reader.close();
    await scratch.drop();
  });
  beforeEach(async () => {
    tenantId = genId();
    await inWriter(async () => {
      const place = { dbUrl: `postgresql://localhost/none_${tenantId}`, status: 'active', isActive: true } as const;
      writer.get(HostDatabase).em.create(TenantCatalog, { id: tenantId, name: 'Acme', ...place });
    });
  });

  const inWriter = <T>(work: () => Promise<T>) => writer.get(HostDatabase).run(work);
  const subscribe = (status: SubscriptionStatus = 'active') =>
    inWriter(() => writer.get(SubscriptionsService).upsert(tenantId, { planTier: 'pro', status }));
  const standing = async (app = reader) => (await app.get(Entitlements).of(tenantId)).standing;
  const statementsOf = async (work: () => Promise<unknown>) => {
    conversation.begin();
    await work();
    return conversation.said.length;
  };
  /** Resolves once it answers from memory. */
  const remembered = () => until(async () => (await statementsOf(() => standing())) === 0);

  it('is asked for once, and answered 1,000 times without a statement', async () => {
    await subscribe();
    expect(await statementsOf(() => standing())).toBeGreaterThan(0);
    await remembered();
    const statements = await statementsOf(async () => {
      for (let times = 0; times < 1_000; times++) expect(await standing()).toBe('open');
    });
    expect(statements).toBe(0);
  });

  it('is forgotten in the process that writes at once, and in others as soon as they hear', async () => {
    await subscribe();
    await remembered();
    for (const [status, expected] of [
      ['unpaid', 'blocked'],
      ['active', 'open'],
      ['canceled', 'blocked'],
    ] as const) {
      expect(await standing(writer)).not.toBe(expected);
      await subscribe(status);
      expect(await standing(writer)).toBe(expected);
      await until(async () => (await standing()) === expected);
      await remembered();
      expect(await standing()).toBe(expected);
    }
  });

  it('is forgotten of one tenant alone', async () => {
    await subscribe();
    await remembered();
    const first = tenantId;
    tenantId = genId();
    await inWriter(async () => {
      writer
        .get(HostDatabase)
        .em.create(TenantCatalog, { id: tenantId, name: 'Other', dbUrl: `postgresql://localhost/none_${tenantId}` });
    });
    await subscribe();
    await remembered();
    // What is told of the other has been heard by now.
    expect(await statementsOf(() => reader.get(Entitlements).of(first))).toBe(0);
  });

  it('is forgotten when plain SQL changes it, or the plan that is free', async () => {
    await subscribe();
    await remembered();
    const sql = `update core_subscriptions set status = 'unpaid' where tenant_id = '${tenantId}'`;
    await inWriter(() => onNativeClient(writer.get(HostDatabase).em, sql));
    await until(async () => (await standing()) === 'blocked');
    await remembered();
    const tier = async () => (await reader.get(Entitlements).of(tenantId)).tierLevel;
    expect(await tier()).toBe(0);
    await inWriter(() => writer.get(PlansService).upsert('free', { name: 'Free', tierLevel: 1 }));
    await until(async () => (await tier()) === 1);
  });

  it('is nothing where it is not to be, and each question is a statement', async () => {
    await subscribe();
    const forgetful = await start({ billing: { memory: { ttlMs: 0 } } });
    for (let times = 0; times < 20; times++) {
      expect(await statementsOf(() => standing(forgetful))).toBeGreaterThan(0);
    }
    expect(await standing(forgetful)).toBe('open');
    await forgetful.close();
  });
});

describe(`what ${Entitlements.name} remembers on postgresql`, () => {
  // SQLite is looked at before each use.
  it('does not count while changes are not heard, and what was missed is asked for', async () => {
    const conversation = new SqlConversation();
    const scratch = await scratchDatabase('postgresql');
    const database = { ...scratch.options, mikroOrm: conversation.mikroOrm };
    const start = () =>
      NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ jobs: { worker: false }, database }), {
        logger: false,
      });
    const [writer, reader] = [await start(), await start()];
    const hostDatabase = writer.get(HostDatabase);
    const { em } = hostDatabase;
    const tenantId = genId();
    const subscribe = (status: SubscriptionStatus) =>
      hostDatabase.run(async () => void (await writer.get(SubscriptionsService).upsert(tenantId, { planTier: 'pro', status })));
    await hostDatabase.run(async () => {
      const place = { dbUrl: `postgresql://localhost/none_${tenantId}`, status: 'active', isActive: true } as const;
      em.create(TenantCatalog, { id: tenantId, name: 'Acme', ...place });
      await writer.get(PlansService).upsert('pro', { name: 'Pro' });
    });
    const standing = async () => (await reader.get(Entitlements).of(tenantId)).standing;
    const deaf = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like '%listen'`;
    const remembered = () =>
      until(async () => {
        conversation.begin();
        await standing();
        return conversation.said.length === 0;
      });
    for (const [status, expected] of [
      ['active', 'open'],
      ['unpaid', 'blocked'],
      ['active', 'open'],
    ] as const) {
      await remembered();
      await hostDatabase.run(async () => void (await em.execute(deaf)));
      // What tells of this may reach nobody.
      await subscribe(status);
      await until(async () => (await standing()) === expected);
      await remembered();
      expect(await standing()).toBe(expected);
    }
    await writer.close();
    await reader.close();
    await scratch.drop();
  }, 60_000);
});
