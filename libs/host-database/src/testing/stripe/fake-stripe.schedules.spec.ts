import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { DAY_MS, HOUR_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';

describe(`${FakeStripe.name}: schedules`, () => {
  let host: StripeFixture;
  let stripe: Stripe;
  let fake: FakeStripe;
  let subscription: Stripe.Subscription;
  let schedule: Stripe.SubscriptionSchedule;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe, fake } = host);
    subscription = await host.subscription({ amount: 3000 });
    schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  });

  afterEach(() => host.stop());

  const now = (): Promise<Stripe.Subscription> => stripe.subscriptions.retrieve(subscription.id);
  const paid = async (): Promise<number[]> =>
    (await stripe.invoices.list({ subscription: subscription.id })).data.map((invoice) => invoice.amount_paid);

  /** The phase that is, as it was, and one at another price after it. */
  const downgradeTo = (
    price: string,
    params: Partial<Stripe.SubscriptionScheduleUpdateParams> = {},
  ): Promise<Stripe.SubscriptionSchedule> => {
    const [phase] = schedule.phases;
    return stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        {
          items: phase!.items.map((item) => ({ price: item.price as string, quantity: item.quantity! })),
          start_date: phase!.start_date,
          end_date: phase!.end_date,
        },
        { items: [{ price, quantity: 1 }], metadata: { plan: 'basic' } },
      ],
      ...params,
    });
  };

  it('are made of a subscription, and say in which phase it is', async () => {
    const [item] = subscription.items.data;

    expect(schedule).toMatchObject({
      status: 'active',
      end_behavior: 'release',
      subscription: subscription.id,
      current_phase: { start_date: item!.current_period_start, end_date: item!.current_period_end },
      phases: [{ items: [{ price: item!.price.id, quantity: 1 }] }],
    });
    expect((await now()).schedule).toBe(schedule.id);
    await expect(stripe.subscriptionSchedules.create({ from_subscription: subscription.id })).rejects.toMatchObject({
      param: 'from_subscription',
    });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toThrow(
      'managed by the subscription schedule',
    );
  });

  it('downgrade at the end of the period, and nothing before', async () => {
    const basic = (await host.price({ amount: 1000 })).id;
    await downgradeTo(basic);

    await fake.advance(31 * DAY_MS - 1000);
    expect((await now()).items.data[0]).toMatchObject({ price: { unit_amount: 3000 } });
    await fake.advance(HOUR_MS + 1000);

    expect(await now()).toMatchObject({
      status: 'active',
      items: { data: [{ price: { id: basic } }] },
      metadata: { plan: 'basic' },
    });
    expect(await paid()).toEqual([1000, 3000]);
    // Of a period that was over, nothing is left to give back.
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal!.lines.data.map(({ amount }) => amount)).toEqual([1000]);
    const updates = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
    expect(updates.some(({ data }) => 'items' in (data.previous_attributes ?? {}))).toBe(true);
  });

  it('let go of the subscription after the last phase, which goes on', async () => {
    await downgradeTo((await host.price({ amount: 1000 })).id);

    await fake.advance(70 * DAY_MS);

    await expect(stripe.subscriptionSchedules.retrieve(schedule.id)).resolves.toMatchObject({
      status: 'released',
      released_subscription: subscription.id,
      subscription: null,
      current_phase: null,
    });
    expect(await now()).toMatchObject({ status: 'active', schedule: null });
    expect(await paid()).toEqual([1000, 1000, 3000]);
    expect(host.receiver.types).toEqual(
      expect.arrayContaining([
        'subscription_schedule.created',
        'subscription_schedule.updated',
        'subscription_schedule.released',
      ]),
    );
  });

  it('end the subscription after the last phase, where they are told to', async () => {
    await downgradeTo((await host.price({ amount: 1000 })).id, { end_behavior: 'cancel' });

    await fake.advance(70 * DAY_MS);

    await expect(stripe.subscriptionSchedules.retrieve(schedule.id)).resolves.toMatchObject({ status: 'completed' });
    expect(await now()).toMatchObject({ status: 'canceled' });
    expect(await paid()).toEqual([1000, 3000]);
  });

  it('begin a year where a month ends', async () => {
    const yearly = (await host.price({ amount: 30_000, interval: 'year' })).id;
    await downgradeTo(yearly);

    await fake.advance(31 * DAY_MS + HOUR_MS);

    const [item] = (await now()).items.data;
    expect(item).toMatchObject({ id: subscription.items.data[0]!.id, price: { id: yearly } });
    expect(new Date(item!.current_period_end * 1000).toISOString()).toBe('2031-02-01T00:00:00.000Z');
    expect(await paid()).toEqual([30_000, 3000]);
  });

  it('are taken back before anything has changed', async () => {
    await downgradeTo((await host.price({ amount: 1000 })).id);

    await expect(stripe.subscriptionSchedules.release(schedule.id)).resolves.toMatchObject({ status: 'released' });

    await fake.advance(32 * DAY_MS);
    expect(await paid()).toEqual([3000, 3000]);
    await expect(stripe.subscriptionSchedules.release(schedule.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('are cancelled with the subscription, and the other way round', async () => {
    await stripe.subscriptionSchedules.cancel(schedule.id);
    expect(await now()).toMatchObject({ status: 'canceled' });

    const other = await host.subscription();
    const { id } = await stripe.subscriptionSchedules.create({ from_subscription: other.id });
    await stripe.subscriptions.cancel(other.id);
    await expect(stripe.subscriptionSchedules.retrieve(id)).resolves.toMatchObject({ status: 'canceled' });
    const own = await stripe.subscriptionSchedules.list({ customer: other.customer as string });
    expect(own.data.map((one) => one.id)).toEqual([id]);
  });

  it('keep the start of the phase they are in', async () => {
    const items = [{ price: subscription.items.data[0]!.price.id }];

    await expect(stripe.subscriptionSchedules.update(schedule.id, { phases: [{ items }] })).rejects.toMatchObject({
      code: 'parameter_missing',
      param: 'phases[0][start_date]',
    });
    await expect(
      stripe.subscriptionSchedules.update(schedule.id, { phases: [{ items, start_date: host.now + 60 }] }),
    ).rejects.toMatchObject({ param: 'phases[0][start_date]' });
    await fake.advance(HOUR_MS);
    const start = schedule.phases[0]!.start_date;
    await expect(
      stripe.subscriptionSchedules.update(schedule.id, { phases: [{ items, start_date: start, end_date: start + 60 }] }),
    ).rejects.toMatchObject({ param: 'phases[0][end_date]' });
  });
});

describe(`${FakeStripe.name}: items of a subscription`, () => {
  it('are made, changed and taken away, each as a change of the subscription', async () => {
    const host = await StripeFixture.start();
    try {
      const { stripe } = host;
      const { id, items } = await host.subscription();
      const extra = (await host.price({ amount: 500 })).id;

      const added = await stripe.subscriptionItems.create({ subscription: id, price: extra, quantity: 2 });
      await stripe.subscriptionItems.update(added.id, { quantity: 5, proration_behavior: 'none' });
      await stripe.subscriptionItems.del(items.data[0]!.id);

      const after = await stripe.subscriptions.retrieve(id);
      expect(after.items.data).toMatchObject([{ id: added.id, quantity: 5, price: { id: extra } }]);
      await expect(stripe.subscriptionItems.list({ subscription: id })).resolves.toMatchObject({ data: [{ id: added.id }] });
      await expect(stripe.subscriptionItems.retrieve(items.data[0]!.id)).rejects.toMatchObject({ code: 'resource_missing' });
      const updates = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
      expect(updates).toHaveLength(3);
      // Two more for 500 each and all of the first for 1000, of the whole month; what changed without proration is not there.
      const preview = await stripe.invoices.createPreview({ subscription: id });
      expect(preview.amount_due).toBe(2 * 500 - 1000 + 5 * 500);
    } finally {
      await host.stop();
    }
  });
});
