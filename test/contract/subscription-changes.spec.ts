import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock, InvalidInputError } from 'nestjs-host-database';
import {
  Checkouts,
  NoStripeSubscriptionError,
  PlansService,
  SubscriptionChanges,
  SubscriptionsService,
  type SubscriptionStatus,
} from 'nestjs-host-database/billing';
import { createTestHost, FakeClock, FakeStripe, type TestHost } from 'nestjs-host-database/testing';
import { Stripe } from 'stripe';

const PLACES = { successUrl: 'https://app.test/paid', cancelUrl: 'https://app.test/pricing' };
const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)('changes of subscriptions on %s', (database) => {
  let host: TestHost;
  let fake: FakeStripe;
  let stripe: Stripe;
  const prices: Record<string, string> = {};

  beforeAll(async () => {
    const clock = new FakeClock();
    fake = await FakeStripe.start({ clock });
    stripe = new Stripe(fake.apiKey, fake.clientOptions);
    const { apiKey, secrets: webhookSecrets, clientOptions: connection } = fake;
    host = await createTestHost({
      database,
      options: { billing: { stripe: { apiKey, webhookSecrets, connection, requestsPerSecond: 1_000 } } },
      override: (builder) => builder.overrideProvider(Clock).useValue(clock),
    });
    for (const [planId, amount] of [['small', 1000] as const, ['large', 5000] as const]) {
      const product = (await stripe.products.create({ name: planId })).id;
      const recurring = { interval: 'month' } as const;
      const price = await stripe.prices.create({ product, currency: 'usd', unit_amount: amount, recurring });
      prices[planId] = price.id;
      await host.run(() =>
        host.get(PlansService).upsert(planId, { name: planId, stripePriceMonthly: price.id, amountMonthly: amount }),
      );
    }
  });
  afterAll(async () => {
    await host.close();
    await fake.stop();
  });

  const changes = () => host.get(SubscriptionChanges);
  const record = (tenantId: string, stripeSubId: string, status: SubscriptionStatus) =>
    host.run(() => host.get(SubscriptionsService).upsert(tenantId, { planTier: 'small', status, stripeSubId }));
  const subscribe = async (planId = 'small', quantity = 1) => {
    const { id } = await host.newTenant({ provisioned: false });
    const wanted = { planId, interval: 'month', quantity, ...PLACES } as const;
    const { stripeCheckoutId } = await host.run(() => host.get(Checkouts).start(id, wanted));
    const { subscriptionId } = await fake.completeCheckout(stripeCheckoutId);
    const subscription = subscriptionId ?? '';
    await record(id, subscription, 'active');
    return { id, subscription };
  };
  const lastCall = (path: string) => fake.requests.findLast((request) => request.path === path && request.method !== 'GET');

  it('cost what the preview says', async () => {
    const { id, subscription } = await subscribe('small', 2);
    await fake.advance(10 * DAY_MS);
    const wanted = { planId: 'large', interval: 'month', quantity: 3, proration: 'always_invoice' } as const;
    const preview = await host.run(() => changes().preview(id, wanted));
    const [item] = (await stripe.subscriptions.retrieve(subscription)).items.data;
    const items = [{ id: item?.id, price: prices['large'], quantity: '3' }];
    const date = String(preview.prorationDate);
    expect(lastCall('/v1/invoices/create_preview')?.params).toMatchObject({
      subscription,
      subscription_details: { items, proration_behavior: 'always_invoice', proration_date: date },
    });
    expect(preview.lines.map(({ isProration }) => isProration)).toEqual([true, true]);
    expect(preview.amountDue).toBe(preview.lines.reduce((total, { amount }) => total + amount, 0));

    // Somebody has thought about it for an hour.
    await fake.advance(3_600_000);
    const { prorationDate } = preview;
    await host.run(() => changes().change(id, { ...wanted, prorationDate }));
    expect(lastCall(`/v1/subscriptions/${subscription}`)?.params).toEqual({
      items,
      metadata: { tenant_id: id, plan_id: 'large' },
      proration_behavior: 'always_invoice',
      proration_date: date,
    });
    const [invoice] = (await stripe.invoices.list({ subscription })).data;
    expect(invoice).toMatchObject({ amount_due: preview.amountDue, currency: preview.currency, status: 'paid' });
    await host.jobs.expectEnqueued('billing.follow-stripe', { payload: { subject: `subscription:${subscription}` }, count: 1 });
  });

  it('keep the quantity that is not given, and cost nothing where nothing is to be counted', async () => {
    const { id, subscription } = await subscribe('small', 4);
    await host.run(() => changes().change(id, { planId: 'large', interval: 'month', proration: 'none' }));
    const { items } = await stripe.subscriptions.retrieve(subscription);
    expect(items.data).toMatchObject([{ quantity: 4, price: { id: prices['large'] } }]);
    expect((await stripe.invoices.list({ subscription })).data).toHaveLength(1);
  });

  it('wait for the end of the period, can be replaced until then, and be taken back', async () => {
    const { id, subscription } = await subscribe('large', 2);
    const atEnd = (quantity: number) =>
      host.run(() => changes().change(id, { planId: 'small', interval: 'month', quantity, when: 'period-end' }));
    const current = async () => {
      const { items, metadata } = await stripe.subscriptions.retrieve(subscription);
      return [items.data[0]?.price.id, items.data[0]?.quantity, metadata['plan_id']];
    };
    await atEnd(9);
    await atEnd(1);
    expect(await current()).toEqual([prices['large'], 2, 'large']);
    await fake.advance(32 * DAY_MS);
    expect(await current()).toEqual([prices['small'], 1, 'small']);
    const [invoice] = (await stripe.invoices.list({ subscription })).data;
    expect(invoice).toMatchObject({ amount_due: 1000 });

    await fake.advance(60 * DAY_MS);
    await host.run(() => changes().change(id, { planId: 'large', interval: 'month', when: 'period-end' }));
    await host.run(() => changes().resume(id));
    await fake.advance(32 * DAY_MS);
    expect(await current()).toEqual([prices['small'], 1, 'small']);
  });

  it('end it when the period is over, unless that is taken back, here or in the portal', async () => {
    const { id, subscription } = await subscribe();
    const cancelsAt = async () => (await stripe.subscriptions.retrieve(subscription)).cancel_at;
    await host.run(() => changes().cancel(id, { at: 'period-end' }));
    expect(lastCall(`/v1/subscriptions/${subscription}`)?.params).toEqual({ cancel_at_period_end: 'true' });
    expect(await cancelsAt()).toEqual(expect.any(Number));
    await host.run(() => changes().resume(id));
    expect(await cancelsAt()).toBeNull();

    await fake.cancelInPortal(subscription);
    expect(await cancelsAt()).toEqual(expect.any(Number));
    await host.run(() => changes().resume(id));
    expect(await cancelsAt()).toBeNull();

    await host.run(() => changes().cancel(id, { at: 'period-end' }));
    await fake.advance(32 * DAY_MS);
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'canceled' });
  });

  it('end it now, also where its payment is missing', async () => {
    const now = await subscribe();
    await host.run(() => changes().cancel(now.id, { at: 'now' }));
    expect(await stripe.subscriptions.retrieve(now.subscription)).toMatchObject({ status: 'canceled' });

    const unpaid = await subscribe();
    const { customer } = await stripe.subscriptions.retrieve(unpaid.subscription);
    fake.failNextPayments(customer as string);
    await fake.advance(32 * DAY_MS);
    expect(await stripe.subscriptions.retrieve(unpaid.subscription)).toMatchObject({ status: 'past_due' });
    await host.run(() => changes().cancel(unpaid.id, { at: 'period-end' }));
    expect(await stripe.subscriptions.retrieve(unpaid.subscription)).toMatchObject({ status: 'canceled' });
  });

  it('are refused where there is nothing to change, or it is not said how', async () => {
    const { id } = await host.newTenant({ provisioned: false });
    await expect(host.run(() => changes().cancel(id, { at: 'now' }))).rejects.toThrow(NoStripeSubscriptionError);
    const wanted = { planId: 'large', interval: 'month', proration: 'some' } as never;
    await expect(host.run(() => changes().change(id, wanted))).rejects.toThrow(InvalidInputError);
  });
});
