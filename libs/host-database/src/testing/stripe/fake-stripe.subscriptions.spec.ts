import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { DAY_MS, HOUR_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';
import type { FakeStripeOptions } from './fake-stripe.options.js';

const DAY = 86_400;

describe(`${FakeStripe.name}: subscriptions as time passes`, () => {
  let host: StripeFixture;
  let stripe: Stripe;
  let fake: FakeStripe;

  const start = async (options: Pick<FakeStripeOptions, 'dunning'> = {}): Promise<void> => {
    host = await StripeFixture.start(options);
    ({ stripe, fake } = host);
  };

  beforeEach(() => start());
  afterEach(() => host.stop());

  const statusOf = async (id: string): Promise<string> => (await stripe.subscriptions.retrieve(id)).status;
  const customerOf = ({ customer }: Stripe.Subscription): string => customer as string;

  it('renews each month, and is paid an hour later', async () => {
    const { id, items } = await host.subscription();
    const end = items.data[0]!.current_period_end;

    await fake.advance((end - host.now) * 1000);

    const [draft] = (await stripe.invoices.list({ subscription: id })).data;
    expect(draft).toMatchObject({ status: 'draft', billing_reason: 'subscription_cycle', amount_due: 1000 });
    expect((await stripe.subscriptions.retrieve(id)).items.data[0]).toMatchObject({ current_period_start: end });
    await fake.advance(HOUR_MS);
    await expect(stripe.invoices.retrieve(draft!.id)).resolves.toMatchObject({ status: 'paid', amount_paid: 1000 });
    expect(host.receiver.types.slice(-8)).toEqual(
      expect.arrayContaining(['invoice.finalized', 'invoice.paid', 'invoice_payment.paid']),
    );
  });

  it('tells of the next invoice a week before, and not of one that does not come', async () => {
    const [going, ending] = [await host.subscription(), await host.subscription({ cancel_at_period_end: true })];

    await fake.advance(24 * DAY_MS - 1000);
    expect(host.receiver.types).not.toContain('invoice.upcoming');
    await fake.advance(1000);

    const told = (await stripe.events.list({ type: 'invoice.upcoming' })).data;
    expect(told.map(({ data }) => data.object)).toMatchObject([
      { amount_due: 1000, parent: { subscription_details: { subscription: going.id } } },
    ]);
    // It is no invoice yet.
    expect(told[0]!.data.object).not.toHaveProperty('id');
    expect(ending.cancel_at).toBe(host.now + 7 * DAY);
  });

  it('renews a year of months without a drift, and on the last day of short ones', async () => {
    host.clock.set(new Date('2030-01-31T10:00:00Z'));
    const { id } = await host.subscription();

    const starts: string[] = [];
    for (let month = 0; month < 12; month += 1) {
      const [item] = (await stripe.subscriptions.retrieve(id)).items.data;
      starts.push(new Date(item!.current_period_end * 1000).toISOString().slice(0, 10));
      await fake.advance((item!.current_period_end - host.now) * 1000);
    }

    expect(starts.slice(0, 4)).toEqual(['2030-02-28', '2030-03-31', '2030-04-30', '2030-05-31']);
    expect(starts.at(-1)).toBe('2031-01-31');
  });

  it('tells that a trial ends three days before, and takes the money when it has', async () => {
    const { id, status } = await host.subscription({ trial_period_days: 14 });
    expect(status).toBe('trialing');

    await fake.advance(11 * DAY_MS - 1000);
    expect(host.receiver.types).not.toContain('customer.subscription.trial_will_end');
    await fake.advance(1000);
    expect(host.receiver.types).toContain('customer.subscription.trial_will_end');
    await fake.advance(3 * DAY_MS);
    expect(await statusOf(id)).toBe('active');
    await fake.advance(HOUR_MS);
    const invoices = await stripe.invoices.list({ subscription: id });
    expect(invoices.data.map((invoice) => [invoice.amount_paid, invoice.billing_reason])).toEqual([
      [1000, 'subscription_cycle'],
      [0, 'subscription_create'],
    ]);
    expect(host.receiver.types.filter((type) => type === 'customer.subscription.trial_will_end')).toHaveLength(1);
  });

  it.each([
    { behavior: 'cancel' as const, status: 'canceled', event: 'customer.subscription.deleted' },
    { behavior: 'pause' as const, status: 'paused', event: 'customer.subscription.paused' },
    { behavior: 'create_invoice' as const, status: 'past_due', event: 'invoice.payment_failed' },
  ])('ends a trial without a payment method as it is told to: $behavior', async ({ behavior, status, event }) => {
    const customer = (await stripe.customers.create()).id;
    const { id } = await host.subscription({
      customer,
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: behavior } },
    });

    await fake.advance(7 * DAY_MS + HOUR_MS);

    expect(await statusOf(id)).toBe(status);
    expect(host.receiver.types).toContain(event);
  });

  it('retries a failed payment for two weeks, and ends the subscription then', async () => {
    const subscription = await host.subscription();
    const { id } = subscription;
    fake.failNextPayments(customerOf(subscription));
    await fake.advance(31 * DAY_MS + HOUR_MS);
    expect(await statusOf(id)).toBe('past_due');
    const [invoice] = (await stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: host.now + DAY });

    await fake.advance(14 * DAY_MS - 1000);
    expect(await statusOf(id)).toBe('past_due');
    await fake.advance(1000);

    expect(await statusOf(id)).toBe('canceled');
    await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({
      cancellation_details: { reason: 'payment_failed' },
      ended_at: host.now,
    });
    expect(host.receiver.types.filter((type) => type === 'invoice.payment_failed')).toHaveLength(8);
    await expect(stripe.invoices.retrieve(invoice!.id)).resolves.toMatchObject({ status: 'open', attempt_count: 8 });
  });

  it('is active again once a retry succeeds', async () => {
    const subscription = await host.subscription();
    fake.failNextPayments(customerOf(subscription), 2);
    await fake.advance(31 * DAY_MS + HOUR_MS);
    expect(await statusOf(subscription.id)).toBe('past_due');

    await fake.advance(3 * DAY_MS);

    expect(await statusOf(subscription.id)).toBe('active');
    const updates = (await stripe.events.list({ type: 'customer.subscription.updated', limit: 100 })).data;
    expect(updates[0]!.data).toMatchObject({ object: { status: 'active' }, previous_attributes: { status: 'past_due' } });
  });

  it('is paid by hand, by a customer who gives another card', async () => {
    const subscription = await host.subscription();
    const customer = customerOf(subscription);
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: 'pm_card_chargeCustomerFail' } });
    await fake.advance(31 * DAY_MS + HOUR_MS);
    const invoice = (await stripe.invoices.list({ subscription: subscription.id })).data[0]!.id;
    await expect(stripe.invoices.pay(invoice)).rejects.toMatchObject({
      type: 'StripeCardError',
      code: 'card_declined',
      statusCode: 402,
    });

    const card = await stripe.paymentMethods.attach('pm_card_mastercard', { customer });
    await expect(stripe.invoices.pay(invoice, { payment_method: card.id })).resolves.toMatchObject({ status: 'paid' });

    expect(await statusOf(subscription.id)).toBe('active');
  });

  it('is renewed by a debit, which takes three days and may fail then', async () => {
    const customer = (await stripe.customers.create({ invoice_settings: { default_payment_method: 'pm_sepaDebit' } })).id;
    const { id, status } = await host.subscription({ customer });
    expect(status).toBe('active');
    await fake.advance(3 * DAY_MS);
    const invoicesNow = async (): Promise<string[]> =>
      (await stripe.invoices.list({ subscription: id })).data.map((invoice) => String(invoice.status));
    expect(await invoicesNow()).toEqual(['paid']);

    await fake.advance(28 * DAY_MS + HOUR_MS);
    fake.failNextPayments(customer, 1);
    expect([await statusOf(id), await invoicesNow()]).toEqual(['active', ['open', 'paid']]);
    await fake.advance(3 * DAY_MS);
    expect([await statusOf(id), await invoicesNow()]).toEqual(['past_due', ['open', 'paid']]);
    await fake.advance(4 * DAY_MS);

    expect([await statusOf(id), await invoicesNow()]).toEqual(['active', ['paid', 'paid']]);
  });

  it.each(['unpaid', 'past_due', 'paused'] as const)(
    'leaves a subscription %s after the last attempt, where it is set so',
    async (end) => {
      await host.stop();
      await start({ dunning: { retryAfterDays: [3], finally: end } });
      const subscription = await host.subscription();
      fake.failNextPayments(customerOf(subscription));

      await fake.advance(36 * DAY_MS);

      expect(await statusOf(subscription.id)).toBe(end);
    },
  );

  it('waits for a payment to be confirmed, at the beginning and at each renewal', async () => {
    const customer = (
      await stripe.customers.create({ invoice_settings: { default_payment_method: 'pm_card_authenticationRequired' } })
    ).id;
    const { id, status, latest_invoice: first } = await host.subscription({ customer });
    expect(status).toBe('incomplete');
    await expect(stripe.invoices.pay(first as string)).rejects.toMatchObject({ code: 'invoice_payment_intent_requires_action' });
    await fake.confirmPayment(first as string);
    expect(await statusOf(id)).toBe('active');

    await fake.advance(31 * DAY_MS + HOUR_MS);
    expect(await statusOf(id)).toBe('past_due');
    expect(host.receiver.types).toContain('invoice.payment_action_required');
    expect(host.receiver.types).not.toContain('invoice.payment_failed');
    const [renewal] = (await stripe.invoices.list({ subscription: id })).data;
    await fake.confirmPayment(renewal!.id);

    expect(await statusOf(id)).toBe('active');
    await expect(fake.confirmPayment(renewal!.id)).rejects.toMatchObject({ code: 'TESTING_STRIPE_REFUSED' });
  });

  it('begins incomplete where the first payment fails, and expires after 23 hours', async () => {
    const customer = (await host.customer()).id;
    fake.failNextPayments(customer, 1);
    const { id, status } = await host.subscription({ customer, payment_behavior: 'allow_incomplete' });
    expect(status).toBe('incomplete');

    await fake.advance(23 * HOUR_MS - 1000);
    expect(await statusOf(id)).toBe('incomplete');
    await fake.advance(1000);

    expect(await statusOf(id)).toBe('incomplete_expired');
    const [invoice] = (await stripe.invoices.list({ subscription: id })).data;
    expect(invoice!.status).toBe('void');
  });

  it('becomes active where the first payment is made up for', async () => {
    const customer = (await host.customer()).id;
    const { id, status, latest_invoice: invoice } = await host.subscription({ customer, payment_behavior: 'default_incomplete' });
    expect(status).toBe('incomplete');

    await stripe.invoices.pay(invoice as string);

    expect(await statusOf(id)).toBe('active');
    await fake.advance(2 * DAY_MS);
    expect(await statusOf(id)).toBe('active');
  });

  it('does not begin where it is to be paid or not at all', async () => {
    const customer = (await host.customer()).id;
    fake.failNextPayments(customer, 1);

    const coupon = (await stripe.coupons.create({ percent_off: 10 })).id;

    await expect(
      host.subscription({ customer, payment_behavior: 'error_if_incomplete', discounts: [{ coupon }] }),
    ).rejects.toMatchObject({ type: 'StripeCardError' });

    await expect(stripe.coupons.retrieve(coupon)).resolves.toMatchObject({ times_redeemed: 0 });
    await expect(stripe.subscriptions.list({ customer, status: 'all' })).resolves.toMatchObject({ data: [] });
    const poor = (await stripe.customers.create()).id;
    await expect(host.subscription({ customer: poor })).rejects.toMatchObject({ code: 'resource_missing' });
  });

  it('ends at the end of the period, said by the API', async () => {
    const { id } = await host.subscription();
    const { cancel_at: end } = await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(end).toBe(host.now + 31 * DAY);

    await fake.advance(31 * DAY_MS - 1000);
    expect(await statusOf(id)).toBe('active');
    await fake.advance(1000);

    expect(await statusOf(id)).toBe('canceled');
    await expect(stripe.invoices.list({ subscription: id })).resolves.toMatchObject({ data: [{ amount_paid: 1000 }] });
  });

  it('ends at the end of the period, said in the portal, without the flag', async () => {
    const { id } = await host.subscription();

    await fake.cancelInPortal(id);

    await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({
      status: 'active',
      cancel_at: host.now + 31 * DAY,
      cancel_at_period_end: false,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await fake.renewInPortal(id);
    await fake.advance(32 * DAY_MS);
    expect(await statusOf(id)).toBe('active');
  });

  it('ends at a time, and at the first end of a period of its items', async () => {
    const [month, year] = [await host.price(), await host.price({ interval: 'year' })];
    const { id } = await host.subscription({ items: [{ price: month.id }, { price: year.id }] });

    const first = await stripe.subscriptions.update(id, { cancel_at: 'min_period_end' });
    expect(first.cancel_at).toBe(host.now + 31 * DAY);
    const last = await stripe.subscriptions.update(id, { cancel_at: 'max_period_end' });
    expect(last.cancel_at).toBe(host.now + 365 * DAY);
    await stripe.subscriptions.update(id, { cancel_at: host.now + DAY });
    await fake.advance(DAY_MS);

    expect(await statusOf(id)).toBe('canceled');
    await expect(stripe.subscriptions.update(id, { items: [] })).rejects.toMatchObject({ param: 'id' });
  });

  it('ends at once', async () => {
    const { id } = await host.subscription();

    await expect(stripe.subscriptions.cancel(id)).resolves.toMatchObject({ status: 'canceled', ended_at: host.now });

    await fake.advance(40 * DAY_MS);
    await expect(stripe.invoices.list({ subscription: id })).resolves.toMatchObject({ data: [{ amount_paid: 1000 }] });
    await expect(stripe.subscriptions.cancel(id)).rejects.toMatchObject({ code: 'resource_missing' });
  });

  it('is paused, is not invoiced then, and goes on', async () => {
    const { id } = await host.subscription();

    await expect(stripe.subscriptions.pause(id, { type: 'subscription' })).resolves.toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    await fake.advance(40 * DAY_MS);
    await expect(stripe.invoices.list({ subscription: id })).resolves.toMatchObject({ data: [{ amount_paid: 1000 }] });
    await expect(stripe.subscriptions.resume(id)).resolves.toMatchObject({ status: 'active', billing_cycle_anchor: host.now });

    await fake.webhooks.idle();
    expect(host.receiver.types).toEqual(
      expect.arrayContaining(['customer.subscription.paused', 'customer.subscription.resumed']),
    );
  });

  it('keeps its status while its collection is paused, and its invoices as told', async () => {
    const { id } = await host.subscription();
    const resumesAt = host.now + 40 * DAY;
    await stripe.subscriptions.update(id, { pause_collection: { behavior: 'void', resumes_at: resumesAt } });

    await fake.advance(32 * DAY_MS);
    expect(await statusOf(id)).toBe('active');
    expect((await stripe.invoices.list({ subscription: id })).data[0]).toMatchObject({ status: 'void' });
    await fake.advance(40 * DAY_MS);

    await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({ pause_collection: null });
    expect((await stripe.invoices.list({ subscription: id })).data[0]).toMatchObject({ status: 'paid' });
  });

  it('is listed by customer, price and status, without those that are over', async () => {
    const price = (await host.price()).id;
    const [going, over] = [await host.subscription({ items: [{ price }] }), await host.subscription({ items: [{ price }] })];
    await stripe.subscriptions.cancel(over.id);

    const idsOf = async (params: Stripe.SubscriptionListParams): Promise<string[]> =>
      (await stripe.subscriptions.list(params)).data.map(({ id }) => id);
    expect(await idsOf({ price })).toEqual([going.id]);
    expect(await idsOf({ price, status: 'all' })).toEqual([over.id, going.id]);
    expect(await idsOf({ status: 'canceled' })).toEqual([over.id]);
    expect(await idsOf({ status: 'all', customer: customerOf(over) })).toEqual([over.id]);
  });
});
