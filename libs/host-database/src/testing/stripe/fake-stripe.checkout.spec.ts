import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { DAY_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';
import { FakeStripeRefusedError } from './stripe.errors.js';

describe(`${FakeStripe.name}: checkout`, () => {
  let host: StripeFixture;
  let stripe: Stripe;
  let fake: FakeStripe;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe, fake } = host);
  });

  afterEach(() => host.stop());

  const session = async (params: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> =>
    stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: params.line_items ?? [{ price: (await host.price()).id, quantity: 3 }],
      success_url: 'https://app.example.com/done?session={CHECKOUT_SESSION_ID}',
      ...params,
    });

  const purchase = async (): Promise<Stripe.Checkout.Session> => {
    const price = await stripe.prices.create({ currency: 'eur', unit_amount: 4900, product_data: { name: 'Import' } });
    return session({
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      payment_intent_data: { metadata: { tenant_id: 't' } },
    });
  };

  it('makes a subscription once it is paid, and not before', async () => {
    const open = await session({
      client_reference_id: 't',
      metadata: { tenant_id: 't' },
      subscription_data: { metadata: { tenant_id: 't' } },
    });
    expect(open).toMatchObject({ status: 'open', payment_status: 'unpaid', subscription: null, amount_total: 3000 });
    await expect(stripe.subscriptions.list()).resolves.toMatchObject({ data: [] });

    const done = await fake.completeCheckout(open.id);

    expect(done).toMatchObject({ status: 'complete', paymentStatus: 'paid' });
    const complete = await stripe.checkout.sessions.retrieve(open.id, { expand: ['subscription', 'line_items'] });
    expect(complete).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      client_reference_id: 't',
      metadata: { tenant_id: 't' },
      url: null,
      line_items: { data: [{ quantity: 3, amount_total: 3000 }] },
      subscription: { status: 'active', metadata: { tenant_id: 't' }, items: { data: [{ quantity: 3 }] } },
    });
    const [invoice] = (await stripe.invoices.list({ subscription: done.subscriptionId! })).data;
    expect(invoice).toMatchObject({
      status: 'paid',
      amount_paid: 3000,
      billing_reason: 'subscription_create',
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: done.subscriptionId, metadata: { tenant_id: 't' } },
      },
    });
    expect(invoice).not.toHaveProperty('subscription');
    expect(host.receiver.types).toEqual(
      expect.arrayContaining(['customer.subscription.created', 'invoice.paid', 'checkout.session.completed']),
    );
  });

  it('tells periods by the item, as flexible billing does', async () => {
    const done = await fake.completeCheckout((await session()).id);

    const subscription = await stripe.subscriptions.retrieve(done.subscriptionId!);
    expect(subscription.billing_mode.type).toBe('flexible');
    expect(subscription).not.toHaveProperty('current_period_end');
    expect(subscription.items.data[0]).toMatchObject({
      current_period_start: host.now,
      current_period_end: host.now + 31 * 86_400,
    });
  });

  it('begins a trial without a payment', async () => {
    const open = await session({ subscription_data: { trial_period_days: 14 } });
    expect(open.amount_total).toBe(0);

    const done = await fake.completeCheckout(open.id);

    expect(done.paymentStatus).toBe('no_payment_required');
    await expect(stripe.subscriptions.retrieve(done.subscriptionId!)).resolves.toMatchObject({
      status: 'trialing',
      trial_end: host.now + 14 * 86_400,
    });
  });

  it('takes a promotion code off, where they are allowed', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'HALF' });
    const without = await session();
    await expect(fake.completeCheckout(without.id, { promotionCode: 'HALF' })).rejects.toThrow(FakeStripeRefusedError);
    const open = await session({ allow_promotion_codes: true });

    const done = await fake.completeCheckout(open.id, { promotionCode: 'half' });

    await expect(stripe.checkout.sessions.retrieve(open.id)).resolves.toMatchObject({
      amount_subtotal: 3000,
      amount_total: 1500,
      total_details: { amount_discount: 1500 },
    });
    await fake.advance(32 * DAY_MS);
    const invoices = await stripe.invoices.list({ subscription: done.subscriptionId! });
    expect(invoices.data.map((invoice) => invoice.amount_paid)).toEqual([3000, 1500]);
  });

  it('stays open when the card is declined', async () => {
    const customer = await host.customer();
    const open = await session({ customer: customer.id });
    fake.failNextPayments(customer.id, 1);

    await expect(fake.completeCheckout(open.id)).rejects.toMatchObject({
      code: 'TESTING_STRIPE_REFUSED',
      stripeCode: 'card_declined',
    });

    await expect(stripe.checkout.sessions.retrieve(open.id)).resolves.toMatchObject({ status: 'open', subscription: null });
    await expect(stripe.subscriptions.list({ status: 'all' })).resolves.toMatchObject({ data: [] });
    await expect(fake.completeCheckout(open.id)).resolves.toMatchObject({ status: 'complete' });
  });

  it('expires after a day, and is not paid any more', async () => {
    const open = await session();

    await fake.advance(DAY_MS);

    await expect(stripe.checkout.sessions.retrieve(open.id)).resolves.toMatchObject({ status: 'expired', url: null });
    expect(host.receiver.types).toContain('checkout.session.expired');
    await expect(fake.completeCheckout(open.id)).rejects.toThrow(FakeStripeRefusedError);
  });

  it('is expired by the API', async () => {
    const open = await session();

    await expect(stripe.checkout.sessions.expire(open.id)).resolves.toMatchObject({ status: 'expired' });
  });

  it('sells once', async () => {
    const open = await purchase();

    const done = await fake.completeCheckout(open.id);

    expect(done).toMatchObject({ paymentStatus: 'paid', subscriptionId: null, customerId: null });
    const intent = await stripe.paymentIntents.retrieve(done.paymentIntentId!, { expand: ['latest_charge'] });
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 4900,
      metadata: { tenant_id: 't' },
      latest_charge: { paid: true },
    });
  });

  it.each([
    { outcome: 'succeed' as const, event: 'checkout.session.async_payment_succeeded', status: 'paid' },
    { outcome: 'fail' as const, event: 'checkout.session.async_payment_failed', status: 'unpaid' },
  ])('completes unpaid with a debit, which the bank decides after three days: $outcome', async ({ outcome, event, status }) => {
    const open = await purchase();

    const done = await fake.completeCheckout(open.id, { method: 'sepa_debit', debit: outcome });

    expect(done).toMatchObject({ status: 'complete', paymentStatus: 'unpaid' });
    await fake.advance(3 * DAY_MS - 1000);
    expect(host.receiver.types).not.toContain(event);
    await fake.advance(1000);
    expect(host.receiver.types).toContain(event);
    await expect(stripe.checkout.sessions.retrieve(open.id)).resolves.toMatchObject({ payment_status: status });
  });

  it('makes a subscription past due when the bank refuses its first debit', async () => {
    const done = await fake.completeCheckout((await session()).id, { method: 'sepa_debit' });
    await expect(stripe.subscriptions.retrieve(done.subscriptionId!)).resolves.toMatchObject({ status: 'active' });

    await fake.settleCheckout((await stripe.checkout.sessions.list({ limit: 1 })).data[0]!.id, 'fail');

    await expect(stripe.subscriptions.retrieve(done.subscriptionId!)).resolves.toMatchObject({ status: 'past_due' });
    expect(host.receiver.types).toContain('invoice.payment_failed');
  });

  it('gives money back, and takes it back where the bank says so', async () => {
    const { paymentIntentId } = await fake.completeCheckout((await purchase()).id);
    const part = await stripe.refunds.create({ payment_intent: paymentIntentId!, amount: 900 });
    expect(part).toMatchObject({ status: 'succeeded', amount: 900 });

    await stripe.refunds.create({ payment_intent: paymentIntentId! });

    const intent = await stripe.paymentIntents.retrieve(paymentIntentId!, { expand: ['latest_charge.refunds'] });
    expect(intent.latest_charge).toMatchObject({
      refunded: true,
      amount_refunded: 4900,
      refunds: { data: [{ amount: 4000 }, { amount: 900 }] },
    });
    await expect(stripe.refunds.create({ payment_intent: paymentIntentId! })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    await fake.failRefund(part.id);
    expect((await stripe.paymentIntents.retrieve(paymentIntentId!, { expand: ['latest_charge'] })).latest_charge).toMatchObject({
      refunded: false,
      amount_refunded: 4000,
    });
    expect(host.receiver.types).toEqual(expect.arrayContaining(['charge.refunded', 'refund.created', 'refund.failed']));
  });

  it.each(['won', 'lost'] as const)('plays a dispute that is %s', async (outcome) => {
    const { paymentIntentId } = await fake.completeCheckout((await purchase()).id);

    const id = await fake.openDispute(paymentIntentId!);

    await expect(stripe.disputes.retrieve(id)).resolves.toMatchObject({
      status: 'needs_response',
      payment_intent: paymentIntentId,
      amount: 4900,
    });
    await fake.closeDispute(id, outcome);
    await expect(stripe.disputes.retrieve(id)).resolves.toMatchObject({ status: outcome });
    expect(host.receiver.types).toEqual(expect.arrayContaining(['charge.dispute.created', 'charge.dispute.closed']));
  });
});
