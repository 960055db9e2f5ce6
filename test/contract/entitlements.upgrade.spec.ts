import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, hostOrmConfig } from 'nestjs-host-database';
import { Subscription } from 'nestjs-host-database/billing';
import { TenantCatalog } from 'nestjs-host-database/tenants';
import { scratchDatabase, type ScratchDatabase } from '../support/scratch-database.js';

const KEEP_ENTITLEMENTS = 'Migration20261124000200_keep_entitlements';

describe.each(['sqlite', 'postgresql'] as const)(`${KEEP_ENTITLEMENTS} on %s`, (type) => {
  let scratch: ScratchDatabase;
  let orm: MikroORM;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    orm = await MikroORM.init(await hostOrmConfig(scratch.options));
    await orm.schema.ensureDatabase();
  });
  afterEach(async () => {
    await orm.close(true);
    await scratch.drop();
  });

  it('copies what plans include to those who have them already', async () => {
    const names = (await orm.migrator.getPending()).map(({ name }) => name);
    const before = names[names.indexOf(KEEP_ENTITLEMENTS) - 1] ?? '';
    await orm.migrator.up({ to: before });
    const em = orm.em.fork() as SqlEntityManager;
    const now = new Date();
    const tenantId = genId();
    em.create(TenantCatalog, { id: tenantId, name: 'Acme' });
    await em.flush();
    for (const [id, limits] of [
      ['pro', '{"seats":5}'],
      ['bare', null],
    ] as const) {
      await em.execute(
        `insert into core_pricing_plans (id, name, features, limits, tier_level, created_at) values (?, ?, '["api"]', ?, 2, ?)`,
        [id, id, limits, now],
      );
    }
    const ids: Record<string, string> = {};
    for (const planTier of ['pro', 'bare', 'gone']) {
      const id = (ids[planTier] = genId());
      await em.execute(
        `insert into core_subscriptions (id, tenant_id, plan_tier, status, payment_type, cancel_at_period_end, created_at) values (?, ?, ?, 'canceled', 'subscription', ?, ?)`,
        [id, tenantId, planTier, false, now],
      );
    }
    await orm.migrator.up();
    const rows = await orm.em.fork().find(Subscription, {});
    const copies = Object.fromEntries(rows.map(({ planTier, entitlements }) => [planTier, entitlements]));
    expect(copies).toEqual({
      pro: { planId: 'pro', features: ['api'], limits: { seats: 5 }, tierLevel: 2 },
      bare: { planId: 'bare', features: ['api'], limits: {}, tierLevel: 2 },
      gone: null,
    });
  });
});
