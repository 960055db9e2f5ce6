import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { DAY_MS, HOUR_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';

const DAY = 86_400;

describe(`${FakeStripe.name}: changes of what is subscribed to`, () => {
  let host: StripeFixture;
  let stripe: Stripe;
  let fake: FakeStripe;
  let subscription: Stripe.Subscription;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe, fake } = host);
    // 31.00 for 31 days: a whole day is 1.00.
    subscription = await host.subscription({ amount: 3100 });
  });

  afterEach(() => host.stop());

  const item = (): string => subscription.items.data[0]!.id;
  const invoices = async (): Promise<Stripe.Invoice[]> => (await stripe.invoices.list({ subscription: subscription.id })).data;

  it('invoices an upgrade at once, for exactly what its preview said', async () => {
    const price = (await host.price({ amount: 6200 })).id;
    await fake.advance(10 * DAY_MS);
    const change = {
      items: [{ id: item(), price }],
      proration_behavior: 'always_invoice' as const,
      proration_date: host.now,
    };

    const preview = await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: change });
    await fake.advance(HOUR_MS);
    await stripe.subscriptions.update(subscription.id, change);

    expect(preview).toMatchObject({ amount_due: 2100, status: 'draft' });
    expect(preview.lines.data.map(({ amount }) => amount)).toEqual([-2100, 4200]);
    const [made] = await invoices();
    expect(made).toMatchObject({ amount_due: 2100, amount_paid: 2100, status: 'paid', billing_reason: 'subscription_update' });
    expect(made!.lines.data[0]).toMatchObject({
      parent: { subscription_item_details: { proration: true, subscription: subscription.id } },
      period: { start: change.proration_date },
    });
    const after = await stripe.subscriptions.retrieve(subscription.id);
    expect(after.items.data[0]).toMatchObject({
      id: item(),
      price: { id: price },
      current_period_end: host.now - 10 * DAY - 3600 + 31 * DAY,
    });
  });

  it('lets prorations wait for the next invoice, for exactly what its preview said', async () => {
    await fake.advance(10 * DAY_MS);
    const change = { items: [{ id: item(), quantity: 3 }], proration_date: host.now };

    const preview = await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: change });
    await stripe.subscriptions.update(subscription.id, change);
    expect(await invoices()).toHaveLength(1);
    await fake.advance(22 * DAY_MS);

    // Two more for 21 days, and three for the next month.
    expect(preview.amount_due).toBe(2 * 2100 + 3 * 3100);
    expect((await invoices())[0]).toMatchObject({ amount_paid: preview.amount_due, billing_reason: 'subscription_cycle' });
  });

  it('gives nothing back and takes nothing where it is not to prorate', async () => {
    await fake.advance(10 * DAY_MS);

    await stripe.subscriptions.update(subscription.id, { items: [{ id: item(), quantity: 3 }], proration_behavior: 'none' });
    await fake.advance(22 * DAY_MS);

    expect((await invoices()).map(({ amount_paid }) => amount_paid)).toEqual([9300, 3100]);
  });

  it('invoices each of many changes for exactly what its preview said', async () => {
    const prices = await Promise.all([700, 3100, 9900].map(async (amount) => (await host.price({ amount })).id));
    const amounts: number[][] = [];
    for (let turn = 1; turn <= 30; turn += 1) {
      // Steps of 37 hours fall at any time of a month, before and after its end.
      await fake.advance(37 * HOUR_MS);
      const details = {
        items: [{ id: item(), price: prices[turn % 3]!, quantity: ((turn * 7) % 5) + 1 }],
        proration_behavior: 'always_invoice' as const,
        proration_date: host.now,
      };
      const preview = await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: details });
      await fake.advance(5 * 60_000);
      await stripe.subscriptions.update(subscription.id, details);
      const [made] = await invoices();
      amounts.push([preview.total, preview.amount_due, made!.total, made!.amount_due]);
    }

    expect(amounts.map(([total, due]) => [total, due])).toEqual(amounts.map(([, , total, due]) => [total, due]));
    expect(new Set(amounts.map(([total]) => total)).size).toBe(30);
  });

  it('keeps what is given back as credit for the invoices that follow', async () => {
    const price = (await host.price({ amount: 310 })).id;

    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(), price }],
      proration_behavior: 'always_invoice',
    });

    expect((await invoices())[0]).toMatchObject({ total: -2790, amount_due: 0, status: 'paid', ending_balance: -2790 });
    await expect(stripe.customers.retrieve(subscription.customer as string)).resolves.toMatchObject({ balance: -2790 });
    await fake.advance(32 * DAY_MS);
    expect((await invoices())[0]).toMatchObject({ total: 310, amount_due: 0, status: 'paid', ending_balance: -2480 });
  });

  it('begins a new period where the interval changes', async () => {
    const price = (await host.price({ amount: 31_000, interval: 'year' })).id;
    await fake.advance(10 * DAY_MS);
    const change = { items: [{ id: item(), price }], proration_date: host.now };

    const preview = await stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: change });
    const after = await stripe.subscriptions.update(subscription.id, change);

    expect(preview.amount_due).toBe(31_000 - 2100);
    expect((await invoices())[0]).toMatchObject({ amount_paid: preview.amount_due });
    expect(after.items.data[0]).toMatchObject({ current_period_start: host.now, current_period_end: host.now + 365 * DAY });
  });

  it('ends a trial now, and takes the money', async () => {
    const { id } = await host.subscription({ trial_period_days: 14 });

    const after = await stripe.subscriptions.update(id, { trial_end: 'now' });

    expect(after).toMatchObject({ status: 'active', trial_end: host.now, billing_cycle_anchor: host.now });
    expect((await stripe.invoices.list({ subscription: id })).data[0]).toMatchObject({ amount_paid: 1000 });
  });

  it('adds an item and takes one away, and never all of them', async () => {
    const extra = (await host.price({ amount: 500 })).id;

    const two = await stripe.subscriptions.update(subscription.id, { items: [{ price: extra, quantity: 2 }] });
    expect(two.items.data.map(({ price, quantity }) => [price.unit_amount, quantity])).toEqual([
      [3100, 1],
      [500, 2],
    ]);
    const one = await stripe.subscriptions.update(subscription.id, { items: [{ id: item(), deleted: true }] });
    expect(one.items.data.map(({ price }) => price.id)).toEqual([extra]);
    await expect(
      stripe.subscriptions.update(subscription.id, { items: [{ id: one.items.data[0]!.id, deleted: true }] }),
    ).rejects.toMatchObject({ type: 'StripeInvalidRequestError', param: 'items' });
    await expect(stripe.subscriptions.update(subscription.id, { items: [{ price: extra }] })).rejects.toMatchObject({
      param: 'items',
    });
  });

  it('tells of a change with one event, and what it was before', async () => {
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(), quantity: 2 }],
      metadata: { seats: '2' },
      proration_behavior: 'none',
    });

    const updates = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
    expect(updates).toHaveLength(1);
    expect(updates[0]!.data).toMatchObject({
      object: { metadata: { seats: '2' } },
      previous_attributes: { metadata: { seats: null }, items: { data: [{ quantity: 1 }] } },
    });
  });

  it('makes no change that is to be paid or not at all, where the card is declined', async () => {
    const price = (await host.price({ amount: 6200 })).id;
    const change = { items: [{ id: item(), price }], proration_behavior: 'always_invoice' as const };
    fake.failNextPayments(subscription.customer as string, 1);

    await expect(
      stripe.subscriptions.update(subscription.id, { ...change, payment_behavior: 'error_if_incomplete' }),
    ).rejects.toMatchObject({ type: 'StripeCardError', code: 'card_declined' });

    await expect(stripe.subscriptions.retrieve(subscription.id)).resolves.toMatchObject({
      status: 'active',
      items: { data: [{ price: { unit_amount: 3100 } }] },
    });
    expect(await invoices()).toHaveLength(1);
    await expect(
      stripe.subscriptions.update(subscription.id, { ...change, payment_behavior: 'error_if_incomplete' }),
    ).resolves.toMatchObject({ items: { data: [{ price: { unit_amount: 6200 } }] } });
  });

  it('makes a subscription past due, where an upgrade is not paid', async () => {
    const price = (await host.price({ amount: 6200 })).id;
    fake.failNextPayments(subscription.customer as string, 1);

    const after = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(), price }],
      proration_behavior: 'always_invoice',
    });

    expect(after).toMatchObject({ status: 'past_due', items: { data: [{ price: { unit_amount: 6200 } }] } });
  });

  it('previews a subscription that is not there yet, with a promotion or without', async () => {
    const customer = (await host.customer()).id;
    const price = (await host.price({ amount: 2500 })).id;
    const { id: coupon } = await stripe.coupons.create({ percent_off: 20, duration: 'once' });

    const plain = await stripe.invoices.createPreview({ customer, subscription_details: { items: [{ price, quantity: 2 }] } });
    const reduced = await stripe.invoices.createPreview({
      customer,
      discounts: [{ coupon }],
      subscription_details: { items: [{ price, quantity: 2 }] },
    });

    expect([plain.amount_due, reduced.amount_due]).toEqual([5000, 4000]);
    await expect(stripe.subscriptions.list({ customer, status: 'all' })).resolves.toMatchObject({ data: [] });
    await expect(stripe.coupons.retrieve(coupon)).resolves.toMatchObject({ times_redeemed: 0 });
  });

  it('cancels now, with what is left given back', async () => {
    await fake.advance(10 * DAY_MS);

    await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });

    expect((await invoices())[0]).toMatchObject({ total: -2100, status: 'paid', ending_balance: -2100 });
  });
});
