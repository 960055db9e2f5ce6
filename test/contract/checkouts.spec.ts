import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidInputError, UnitOfWork } from 'nestjs-host-database';
import {
  Checkout,
  CheckoutPaidError,
  Checkouts,
  CustomerPortal,
  LiveSubscriptionExistsError,
  type NewCheckout,
  type NewPurchase,
  PlansService,
  StripeCallInTransactionError,
  StripeCustomers,
  SubscriptionsService,
  TrialsService,
} from 'nestjs-host-database/billing';
import { createTestHost, FakeStripe, type TestHost } from 'nestjs-host-database/testing';
import { Stripe } from 'stripe';

const PLACES = { successUrl: 'https://app.test/paid', cancelUrl: 'https://app.test/pricing' };
const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)('checkouts on %s', (database) => {
  let host: TestHost;
  let fake: FakeStripe;
  let stripe: Stripe;
  let monthly: string;

  beforeAll(async () => {
    fake = await FakeStripe.start();
    stripe = new Stripe(fake.apiKey, fake.clientOptions);
    const { apiKey, secrets: webhookSecrets, clientOptions: connection } = fake;
    host = await createTestHost({
      database,
      options: { billing: { stripe: { apiKey, webhookSecrets, connection, requestsPerSecond: 1_000 } } },
    });
    // The fake lives in the time of the system: so does this test.
    host.clock.set(fake.now);
    const product = await stripe.products.create({ name: 'Pro' });
    const recurring = { interval: 'month' } as const;
    const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 1900, recurring });
    monthly = price.id;
    await host.run(() =>
      host.get(PlansService).upsert('pro', { name: 'Pro', stripePriceMonthly: monthly, amountMonthly: 1900, trialDays: 14 }),
    );
  });
  afterAll(async () => {
    await host.close();
    await fake.stop();
  });

  const newTenant = async () => (await host.newTenant({ provisioned: false })).id;
  const start = (tenantId: string, wanted: Partial<NewCheckout> = {}) =>
    host.run(() => host.get(Checkouts).start(tenantId, { planId: 'pro', interval: 'month', ...PLACES, ...wanted }));
  const buy = (tenantId: string, wanted: NewPurchase) => host.run(() => host.get(Checkouts).startPurchase(tenantId, wanted));
  const sessionsOf = async (tenantId: string) => {
    const { data } = await stripe.checkout.sessions.list({ limit: 100 });
    return data.filter(({ client_reference_id: id }) => id === tenantId);
  };
  const rowsOf = (tenantId: string) =>
    host.hostDatabase.run((em) => em.find(Checkout, { tenant: tenantId }, { orderBy: { createdAt: 'asc', id: 'asc' } }));
  const createsOf = (tenantId: string) =>
    fake.requests.filter(
      ({ method, path, params }) =>
        method === 'POST' && path === '/v1/checkout/sessions' && params['client_reference_id'] === tenantId,
    );

  it('ask for exactly what was said', async () => {
    const id = await newTenant();
    const started = await start(id, { quantity: 3, promotionCodes: true, trial: true });
    const metadata = { tenant_id: id, plan_id: 'pro' };
    expect(createsOf(id)).toMatchObject([
      {
        idempotencyKey: `checkout:${started.id}`,
        status: 200,
        params: {
          mode: 'subscription',
          customer: await host.run(() => host.get(StripeCustomers).find(id)),
          line_items: [{ price: monthly, quantity: '3' }],
          success_url: PLACES.successUrl,
          cancel_url: PLACES.cancelUrl,
          allow_promotion_codes: 'true',
          metadata: { ...metadata, checkout_id: started.id },
          subscription_data: { metadata, trial_period_days: '14' },
        },
      },
    ]);
    expect(await rowsOf(id)).toMatchObject([
      { id: started.id, status: 'open', url: started.url, stripeCheckoutId: started.stripeCheckoutId },
    ]);
  });

  it('give no second trial', async () => {
    const id = await newTenant();
    await host.run(() => host.get(TrialsService).start(id, { planId: 'pro' }));
    await start(id, { trial: true });
    expect(createsOf(id)[0]?.params['subscription_data']).toEqual({ metadata: { tenant_id: id, plan_id: 'pro' } });
  });

  it('are one session, and one customer, for all who start the same at the same time', async () => {
    const id = await newTenant();
    const release = fake.api.holdAnswers();
    const starts = Array.from({ length: 20 }, () => start(id));
    // While the first waits for Stripe, the others are there already.
    setTimeout(release, 100);
    const started = await Promise.all(starts);
    expect(new Set(started.map(({ stripeCheckoutId }) => stripeCheckoutId)).size).toBe(1);
    expect(await sessionsOf(id)).toHaveLength(1);
    expect(await rowsOf(id)).toHaveLength(1);
    expect(new Set(createsOf(id).map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    const customers = (await stripe.customers.list({ limit: 100 })).data.filter(({ metadata }) => metadata['tenant_id'] === id);
    expect(customers).toHaveLength(1);
  });

  it('are the same session after Stripe’s answer was lost', async () => {
    const id = await newTenant();
    await host.run(() => host.get(StripeCustomers).ensure(id));
    fake.api.failNext({ with: 'reset', afterEffect: true, path: '/v1/checkout/sessions', method: 'POST', times: 3 });
    await expect(start(id)).rejects.toThrow(Stripe.errors.StripeConnectionError);
    expect(await rowsOf(id)).toMatchObject([{ status: 'starting' }]);
    const [lost] = await sessionsOf(id);
    expect(await start(id)).toMatchObject({ stripeCheckoutId: lost?.id });
    expect(await sessionsOf(id)).toHaveLength(1);
  });

  it('end the one before where something else is wanted', async () => {
    const id = await newTenant();
    const first = await start(id);
    const second = await start(id, { quantity: 2 });
    expect(second.stripeCheckoutId).not.toBe(first.stripeCheckoutId);
    expect((await sessionsOf(id)).map(({ id: session, status }) => [session, status])).toEqual([
      [second.stripeCheckoutId, 'open'],
      [first.stripeCheckoutId, 'expired'],
    ]);
    expect((await rowsOf(id)).map(({ status }) => status).toSorted()).toEqual(['expired', 'open']);
    expect(await start(id, { quantity: 2 })).toEqual(second);
  });

  it('end one whose answer was lost, where something else is wanted', async () => {
    const id = await newTenant();
    await host.run(() => host.get(StripeCustomers).ensure(id));
    fake.api.failNext({ with: 'reset', afterEffect: true, path: '/v1/checkout/sessions', method: 'POST', times: 3 });
    await expect(start(id)).rejects.toThrow(Stripe.errors.StripeConnectionError);
    const second = await start(id, { quantity: 2 });
    const sessions = await sessionsOf(id);
    expect(sessions).toHaveLength(2);
    expect(sessions.filter(({ status }) => status === 'open').map((session) => session.id)).toEqual([second.stripeCheckoutId]);
  });

  it('are refused while one is paid whose webhook is on its way', async () => {
    const id = await newTenant();
    const first = await start(id);
    await fake.completeCheckout(first.stripeCheckoutId);
    await expect(start(id, { quantity: 2 })).rejects.toThrow(CheckoutPaidError);
    expect(await sessionsOf(id)).toHaveLength(1);
  });

  it('are refused while a subscription is live', async () => {
    const id = await newTenant();
    const facts = { planTier: 'pro', status: 'past_due', stripeSubId: `sub_${id}` } as const;
    const { id: subscriptionId } = await host.run(() => host.get(SubscriptionsService).upsert(id, facts));
    await expect(start(id)).rejects.toMatchObject({ subscriptionId });
    await expect(start(id)).rejects.toThrow(LiveSubscriptionExistsError);
    expect(createsOf(id)).toHaveLength(0);
    await host.run(() => host.get(SubscriptionsService).upsert(id, { ...facts, status: 'canceled' }));
    expect(await start(id)).toMatchObject({ url: expect.stringContaining('http') });
  });

  it('start anew after the session has expired', async () => {
    const id = await newTenant();
    const first = await start(id);
    const now = host.clock.now();
    await fake.expireCheckout(first.stripeCheckoutId);
    try {
      host.clock.advance(2 * DAY_MS);
      const second = await start(id);
      expect(second.stripeCheckoutId).not.toBe(first.stripeCheckoutId);
    } finally {
      host.clock.set(now);
    }
  });

  it('leave nothing behind of what Stripe refuses', async () => {
    const id = await newTenant();
    await stripe.prices.update(monthly, { active: false });
    try {
      await expect(start(id)).rejects.toMatchObject({ statusCode: 400 });
    } finally {
      await stripe.prices.update(monthly, { active: true });
    }
    expect(await rowsOf(id)).toMatchObject([{ status: 'expired' }]);
    expect(await start(id, { quantity: 4 })).toMatchObject({ url: expect.any(String) });
  });

  it('sell something once, beside a subscription', async () => {
    const id = await newTenant();
    await start(id);
    const wanted = { planId: 'pro', amount: 9900, currency: 'usd', productName: 'Lifetime', ...PLACES };
    const started = await buy(id, wanted);
    expect(await buy(id, wanted)).toEqual(started);
    const metadata = { tenant_id: id, plan_id: 'pro' };
    expect(createsOf(id)[1]?.params).toMatchObject({
      mode: 'payment',
      line_items: [{ price_data: { currency: 'usd', unit_amount: '9900', product_data: { name: 'Lifetime' } }, quantity: '1' }],
      payment_intent_data: { metadata },
    });
    expect((await rowsOf(id)).map(({ status }) => status)).toEqual(['open', 'open']);
  });

  it('are not started in a transaction, nor with addresses that lead nowhere', async () => {
    const id = await newTenant();
    const inTransaction = host.run(() =>
      host.get(UnitOfWork).transactional(() => host.get(Checkouts).start(id, { planId: 'pro', interval: 'month', ...PLACES })),
    );
    await expect(inTransaction).rejects.toThrow(StripeCallInTransactionError);
    await expect(start(id, { successUrl: '/paid' })).rejects.toThrow(InvalidInputError);
    await expect(start(id, { quantity: 0 })).rejects.toThrow(InvalidInputError);
    expect(await host.run(() => host.get(StripeCustomers).find(id))).toBeUndefined();
  });

  it('have a portal beside them', async () => {
    const id = await newTenant();
    const url = await host.run(() => host.get(CustomerPortal).open(id, { returnUrl: 'https://app.test/billing' }));
    expect(url).toContain(fake.url);
    expect(fake.requests.at(-1)).toMatchObject({
      path: '/v1/billing_portal/sessions',
      params: { return_url: 'https://app.test/billing', customer: await host.run(() => host.get(StripeCustomers).find(id)) },
    });
  });
});
