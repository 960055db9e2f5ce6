import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidInputError } from 'nestjs-host-database';
import {
  DuplicateStripeIdError,
  type Feature,
  type Limit,
  type PlanFacts,
  PlansService,
  UnknownFeatureError,
} from 'nestjs-host-database/billing';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const first = 'loaded_first' as Feature;
const second = 'loaded_second' as Feature;
const things = 'loaded_things' as Limit;
const others = 'loaded_others' as Limit;

describe.each(['sqlite', 'postgresql'] as const)('a catalogue that is loaded on %s', (database) => {
  let host: TestHost;

  beforeAll(async () => {
    const billing = { features: { [first]: {}, [second]: {} }, limits: { [things]: {}, [others]: {} } };
    host = await createTestHost({ database, options: { billing } });
  });
  afterAll(async () => {
    await host.close();
  });

  const load = (plans: Record<string, PlanFacts>, options?: object) =>
    host.run(() => host.get(PlansService).load(plans, options));
  const find = (id: string) => host.run(() => host.get(PlansService).findById(id));
  const pro: PlanFacts = {
    name: 'Pro',
    amountMonthly: 1900,
    features: [second, first],
    limits: { [things]: 5, [others]: 1 },
    tierLevel: 2,
  };

  it('says what is different, writes that, and finds no difference then', async () => {
    const created = {
      planId: 'pro',
      kind: 'created',
      changes: {
        name: { from: null, to: 'Pro' },
        amountMonthly: { from: null, to: 1900 },
        features: { from: null, to: [first, second] },
        limits: { from: null, to: { [others]: 1, [things]: 5 } },
        tierLevel: { from: null, to: 2 },
      },
    };
    expect(await load({ pro }, { dryRun: true })).toEqual([created]);
    expect(await find('pro')).toBeNull();
    expect(await load({ pro })).toEqual([created]);
    expect(await find('pro')).toMatchObject({ name: 'Pro', features: [first, second] });
    expect(await load({ pro })).toEqual([]);
    expect(await load({ pro: { ...pro, features: [first, second], limits: { [others]: 1, [things]: 5 } } })).toEqual([]);

    const changed = { planId: 'pro', kind: 'changed', changes: { amountMonthly: { from: 1900, to: 2900 } } };
    const dearer = { pro: { ...pro, amountMonthly: 2900 } };
    expect(await load(dearer, { dryRun: true })).toEqual([changed]);
    expect(await find('pro')).toMatchObject({ amountMonthly: 1900 });
    expect(await load(dearer)).toEqual([changed]);
    expect(await find('pro')).toMatchObject({ amountMonthly: 2900, name: 'Pro' });
  });

  it('leaves what is not named as it is', async () => {
    await load({ kept: { name: 'Kept', description: 'As it was.', trialDays: 7 } });
    expect(await load({ added: { name: 'Added' } })).toMatchObject([{ planId: 'added', kind: 'created' }]);
    expect(await load({ kept: { trialDays: 8, description: null } })).toEqual([
      {
        planId: 'kept',
        kind: 'changed',
        changes: { trialDays: { from: 7, to: 8 }, description: { from: 'As it was.', to: null } },
      },
    ]);
    expect(await find('kept')).toMatchObject({ name: 'Kept', description: null, trialDays: 8 });
  });

  it.each([
    ['a feature that there is not', { wrong: { name: 'Wrong', features: ['unheard' as Feature] } }, UnknownFeatureError],
    ['a fraction of a cent', { wrong: { name: 'Wrong', amountMonthly: 0.5 } }, InvalidInputError],
    ['a new plan without a name', { wrong: { tierLevel: 1 } }, InvalidInputError],
    [
      'a price that two have',
      {
        wrong: { name: 'Wrong', stripePriceMonthly: 'price_1' },
        wrong2: { name: 'Wrong', stripePriceYearly: 'price_1', stripePriceMonthly: 'price_1' },
      },
      DuplicateStripeIdError,
    ],
  ])('refuses all of it for %s', async (_, plans: Record<string, PlanFacts>, error) => {
    await expect(load({ fine: { name: 'Fine' }, ...plans })).rejects.toBeInstanceOf(error);
    expect(await find('fine')).toBeNull();
    expect(await find('wrong')).toBeNull();
  });
});
