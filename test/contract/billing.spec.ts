import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CheckConstraintViolationException } from '@mikro-orm/core';
import { genId, InvalidInputError } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import {
  defineFeatures,
  defineLimits,
  DuplicateStripeIdError,
  type InferFeatures,
  type InferLimits,
  PlanNotFoundError,
  PlansService,
  SubscriptionNotFoundError,
  SubscriptionsService,
  UnknownFeatureError,
  UnknownLimitError,
} from 'nestjs-host-database/billing';
import { TenantNotFoundError } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const features = defineFeatures({ api_access: {}, export: {} });
const limits = defineLimits({ projects: {} });

declare module 'nestjs-host-database/billing' {
  interface FeatureTypes extends InferFeatures<typeof features> {}
  interface LimitTypes extends InferLimits<typeof limits> {}
}

describe.each(['sqlite', 'postgresql'] as const)('billing on %s', (database) => {
  let host: TestHost;
  let plans: PlansService;
  let subscriptions: SubscriptionsService;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { billing: { features, limits } } });
    plans = host.get(PlansService);
    subscriptions = host.get(SubscriptionsService);
    await host.run(() =>
      plans.upsert('pro', { name: 'Pro', amountMonthly: 1900, amountYearly: 19_000, features: ['api_access'], tierLevel: 2 }),
    );
  });
  afterAll(async () => {
    await host.close();
  });

  describe(PlansService.name, () => {
    it('reads back what it wrote, with the defaults', async () => {
      expect(await host.run(() => plans.getById('pro'))).toMatchObject({
        id: 'pro',
        amountMonthly: 1900,
        currency: 'usd',
        trialDays: 30,
        features: ['api_access'],
        tierLevel: 2,
        isActive: true,
      });
    });

    it('changes what is given, and nothing else', async () => {
      await host.run(() => plans.upsert('basic', { name: 'Basic', amountMonthly: 500 }));
      await host.run(() => plans.upsert('basic', { features: ['export'], trialDays: 0 }));
      expect(await host.run(() => plans.getById('basic'))).toMatchObject({
        name: 'Basic',
        amountMonthly: 500,
        features: ['export'],
        trialDays: 0,
      });
    });

    it('lists what can be bought, in its order', async () => {
      await host.run(() => plans.upsert('retired', { name: 'Retired', isActive: false }));
      await host.run(() => plans.upsert('first', { name: 'First', sortOrder: -1 }));
      const ids = (await host.run(() => plans.findAll())).map(({ id }) => id);
      expect(ids[0]).toBe('first');
      expect(ids).not.toContain('retired');
    });

    it.each([
      ['a key with spaces', 'my plan', { name: 'x' }],
      ['a new plan without a name', 'nameless', {}],
      ['a fraction of a cent', 'fraction', { name: 'x', amountMonthly: 9.99 }],
      ['a negative trial', 'negative', { name: 'x', trialDays: -1 }],
      ['an amount that no integer column holds', 'huge', { name: 'x', amountMonthly: 2 ** 31 }],
      ['a currency in capitals', 'capitals', { name: 'x', currency: 'USD' }],
    ])('refuses %s', async (_, id, facts) => {
      await expect(host.run(() => plans.upsert(id, facts))).rejects.toBeInstanceOf(InvalidInputError);
      expect(await host.run(() => plans.findById(id))).toBeNull();
    });

    it('refuses what is in no registry, names what is most like it, and writes nothing', async () => {
      const upsert = (facts: object) => host.run(() => plans.upsert('misspelt', { name: 'x', ...facts }));
      await expect(upsert({ features: ['export', 'api-access'] })).rejects.toMatchObject({
        constructor: UnknownFeatureError,
        feature: 'api-access',
        nearest: 'api_access',
      });
      await expect(upsert({ limits: { seats: 1, project: 1 } })).rejects.toMatchObject({
        constructor: UnknownLimitError,
        limit: 'project',
        nearest: 'projects',
      });
      expect(await host.run(() => plans.findById('misspelt'))).toBeNull();
      // The control: spelt right they are taken.
      const right = { features: ['export', 'api_access', 'export'], limits: { seats: 1, projects: 1 } };
      expect(await upsert(right)).toMatchObject({ features: ['api_access', 'export'], limits: { projects: 1, seats: 1 } });
    });

    it('makes one plan of simultaneous writes', async () => {
      await Promise.all(
        Array.from({ length: 6 }, (_, index) => host.run(() => plans.upsert('raced', { name: `Raced ${index}` }))),
      );
      expect((await host.run(() => plans.findAll())).filter(({ id }) => id === 'raced')).toHaveLength(1);
    });

    it('refuses a price of Stripe that another plan has', async () => {
      await host.run(() => plans.upsert('priced', { name: 'Priced', stripePriceMonthly: 'price_1' }));
      const second = host.run(() => plans.upsert('copied', { name: 'Copied', stripePriceMonthly: 'price_1' }));
      await expect(second).rejects.toBeInstanceOf(DuplicateStripeIdError);
    });

    it('says which plan there is not', async () => {
      await expect(host.run(() => plans.getById('ghost'))).rejects.toMatchObject({
        code: 'BILLING_PLAN_NOT_FOUND',
        planId: 'ghost',
      });
    });
  });

  describe(SubscriptionsService.name, () => {
    const facts = { planTier: 'pro', status: 'active' } as const;

    it('records and changes one row for each subscription of Stripe', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      const stripeSubId = `sub_${genId()}`;
      const first = await host.run(() => subscriptions.upsert(id, { ...facts, stripeSubId, amountCents: 1900 }));
      const currentPeriodEnd = new Date('2031-01-01T00:00:00.123Z');
      await host.run(() => subscriptions.upsert(id, { ...facts, stripeSubId, status: 'past_due', currentPeriodEnd }));
      const rows = await host.run(() => subscriptions.findByTenant(id));
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({
        id: first.id,
        status: 'past_due',
        currentPeriodEnd,
        amountCents: 1900,
        paymentType: 'subscription',
      });
      expect((await host.run(() => subscriptions.getById(first.id))).tenant.id).toBe(id);
    });

    it('makes one row of simultaneous writes without Stripe', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      await Promise.all(Array.from({ length: 6 }, () => host.run(() => subscriptions.upsert(id, facts))));
      expect(await host.run(() => subscriptions.findByTenant(id))).toHaveLength(1);
    });

    it('refuses an unknown plan, an unknown tenant, an unknown status and a fraction, and writes nothing', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      const upsert = (tenantId: string, change: object) =>
        host.run(() => subscriptions.upsert(tenantId, { ...facts, ...change }));
      await expect(upsert(id, { planTier: 'ghost' })).rejects.toBeInstanceOf(PlanNotFoundError);
      await expect(upsert(genId(), {})).rejects.toBeInstanceOf(TenantNotFoundError);
      await expect(upsert(id, { status: 'resting' })).rejects.toBeInstanceOf(InvalidInputError);
      await expect(upsert(id, { amountCents: 0.5 })).rejects.toBeInstanceOf(InvalidInputError);
      expect(await host.run(() => subscriptions.findByTenant(id))).toEqual([]);
      await expect(host.run(() => subscriptions.getById(genId()))).rejects.toBeInstanceOf(SubscriptionNotFoundError);
    });

    it('refuses a subscription of Stripe that another tenant has', async () => {
      const stripeSubId = `sub_${genId()}`;
      const [first, second] = [await host.newTenant({ provisioned: false }), await host.newTenant({ provisioned: false })];
      await host.run(() => subscriptions.upsert(first.id, { ...facts, stripeSubId }));
      await expect(host.run(() => subscriptions.upsert(second.id, { ...facts, stripeSubId }))).rejects.toBeInstanceOf(
        DuplicateStripeIdError,
      );
    });

    it('has its states checked by the database', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      await host.run(() => subscriptions.upsert(id, facts));
      const update = host.run(() =>
        host.get(AuditCapture).allowing('the test', (em) => em.execute(`update core_subscriptions set status = 'resting'`)),
      );
      await expect(update).rejects.toBeInstanceOf(CheckConstraintViolationException);
    });
  });
});
