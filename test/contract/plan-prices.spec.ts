import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DuplicateStripeIdError,
  type PlanFacts,
  PlanPrice,
  PlanPriceNotFoundError,
  PlanPrices,
  PlansService,
} from 'nestjs-host-database/billing';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

describe.each(['sqlite', 'postgresql'] as const)('the prices of plans on %s', (database) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({ database });
  });
  afterAll(() => host.close());

  const upsert = (id: string, facts: PlanFacts) => host.run(() => host.get(PlansService).upsert(id, facts));
  const planOf = (priceId: string) => host.run(() => host.get(PlanPrices).planOf(priceId));
  const priceFor = (planId: string, interval: 'month' | 'year') =>
    host.run(() => host.get(PlanPrices).priceFor(planId, interval));
  const rowsOf = (planId: string) => host.hostDatabase.run((em) => em.find(PlanPrice, { planId }, { orderBy: { id: 'asc' } }));

  it('are those that the plan names, and those that it had', async () => {
    await upsert('pro', { name: 'Pro', stripePriceMonthly: 'price_m1', stripePriceYearly: 'price_y1', amountMonthly: 1900 });
    expect(await rowsOf('pro')).toMatchObject([
      { id: 'price_m1', interval: 'month', amount: 1900, currency: 'usd', isActive: true },
      { id: 'price_y1', interval: 'year', amount: null, isActive: true },
    ]);

    await upsert('pro', { stripePriceMonthly: 'price_m2', amountMonthly: 2900, stripePriceYearly: null });
    expect(await rowsOf('pro')).toMatchObject([
      // What it has cost is not what the plan costs now.
      { id: 'price_m1', amount: 1900, isActive: false },
      { id: 'price_m2', amount: 2900, isActive: true },
      { id: 'price_y1', isActive: false },
    ]);
    expect(await Promise.all(['price_m1', 'price_m2', 'price_y1', 'price_other'].map(planOf))).toEqual([
      'pro',
      'pro',
      'pro',
      undefined,
    ]);
    expect(await priceFor('pro', 'month')).toMatchObject({ id: 'price_m2' });
    await expect(priceFor('pro', 'year')).rejects.toThrow(PlanPriceNotFoundError);

    await upsert('pro', { stripePriceMonthly: 'price_m1' });
    expect(await priceFor('pro', 'month')).toMatchObject({ id: 'price_m1', amount: 1900 });
  });

  it('are nobody else’s, also when they are retired', async () => {
    await upsert('first', { name: 'First', stripePriceMonthly: 'price_first' });
    await upsert('first', { stripePriceMonthly: null });
    await expect(upsert('second', { name: 'Second', stripePriceYearly: 'price_first' })).rejects.toThrow(DuplicateStripeIdError);
    expect(await planOf('price_first')).toBe('first');
    expect(await host.run(() => host.get(PlansService).findById('second'))).toBeNull();
  });

  it('are written once by those who write the plan at the same time', async () => {
    const facts = { name: 'Raced', stripePriceMonthly: 'price_raced', amountMonthly: 500 };
    await Promise.all(Array.from({ length: 5 }, () => upsert('raced', facts)));
    expect(await rowsOf('raced')).toMatchObject([{ id: 'price_raced', isActive: true }]);
  });
});
