import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { DAY_MS, HOUR_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';

describe(`${FakeStripe.name}: its API`, () => {
  let host: StripeFixture;
  let stripe: Stripe;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe } = host);
  });

  afterEach(() => host.stop());

  it('lets in one key only', async () => {
    const stranger = new Stripe('sk_test_other', host.fake.clientOptions);

    await expect(stranger.customers.list()).rejects.toMatchObject({ type: 'StripeAuthenticationError', statusCode: 401 });
    await expect(stripe.customers.list()).resolves.toMatchObject({ object: 'list', data: [] });
  });

  it('finds no object that there is not', async () => {
    const missing = { type: 'StripeInvalidRequestError', code: 'resource_missing' };

    await expect(stripe.customers.retrieve('cus_none')).rejects.toMatchObject({ ...missing, statusCode: 404, param: 'id' });
    await expect(stripe.subscriptions.create({ customer: 'cus_none', items: [] })).rejects.toMatchObject({
      ...missing,
      statusCode: 400,
      param: 'customer',
    });
  });

  it('refuses what it does not know, and says which parameter', async () => {
    const params = { mode: 'subscription', payment_method_types: ['card'] } as Stripe.Checkout.SessionCreateParams;

    await expect(stripe.checkout.sessions.create(params)).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      code: 'parameter_unknown',
      param: 'payment_method_types',
    });
    await expect(stripe.terminal.readers.list()).rejects.toMatchObject({ statusCode: 404 });
    await expect(stripe.products.create({ name: '' })).rejects.toMatchObject({ code: 'parameter_missing', param: 'name' });
  });

  it('gives the same answer again under the same idempotency key, for a day', async () => {
    const [first, again] = [
      await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'k' }),
      await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'k' }),
    ];

    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    await expect(stripe.customers.create({ email: 'b@example.com' }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
    await host.fake.advance(DAY_MS);
    const nextDay = await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'k' });
    expect(nextDay.id).not.toBe(first.id);
  });

  it('lets a key be used again for what was refused', async () => {
    await expect(stripe.products.create({ name: '' }, { idempotencyKey: 'k' })).rejects.toMatchObject({ param: 'name' });

    await expect(stripe.products.create({ name: 'Pro' }, { idempotencyKey: 'k' })).resolves.toMatchObject({ name: 'Pro' });
  });

  it('pages from the newest to the oldest', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) made.push((await stripe.customers.create({ name: `c${index}` })).id);

    const all: string[] = [];
    for await (const customer of stripe.customers.list({ limit: 2 })) all.push(customer.id);
    expect(all).toEqual(made.toReversed());
    const middle = await stripe.customers.list({ limit: 2, starting_after: made[4]! });
    expect(middle).toMatchObject({ has_more: true, data: [{ id: made[3] }, { id: made[2] }] });
    const before = await stripe.customers.list({ limit: 2, ending_before: made[1]! });
    expect(before).toMatchObject({ has_more: true, data: [{ id: made[3] }, { id: made[2] }] });
  });

  it('filters lists by when things were created', async () => {
    const old = await stripe.customers.create({ name: 'old' });
    await host.fake.advance(HOUR_MS);
    const young = await stripe.customers.create({ name: 'young' });

    const since = await stripe.customers.list({ created: { gt: old.created } });
    expect(since.data.map(({ id }) => id)).toEqual([young.id]);
    const until = await stripe.customers.list({ created: { lte: old.created } });
    expect(until.data.map(({ id }) => id)).toEqual([old.id]);
  });

  it('expands ids, in lists too, and refuses what is none', async () => {
    const { id } = await host.subscription();

    const expanded = await stripe.subscriptions.retrieve(id, {
      expand: ['customer', 'latest_invoice.payments', 'items.data.price.product'],
    });
    expect(expanded).toMatchObject({
      customer: { object: 'customer', email: 'ada@example.com' },
      latest_invoice: { object: 'invoice', payments: { data: [{ object: 'invoice_payment', status: 'paid' }] } },
      items: { data: [{ price: { product: { object: 'product', name: 'Pro' } } }] },
    });
    const plain = await stripe.subscriptions.retrieve(id);
    expect(plain.customer).toMatch(/^cus_/);
    const listed = await stripe.subscriptions.list({ expand: ['data.customer'] });
    expect(listed.data[0]?.customer).toMatchObject({ object: 'customer' });
    await expect(stripe.subscriptions.retrieve(id, { expand: ['nothing'] })).rejects.toMatchObject({ param: 'expand' });
  });

  it('records each call', async () => {
    await stripe.customers.create({ email: 'a@example.com', metadata: { tenant_id: 't' } }, { idempotencyKey: 'k1' });

    expect(host.fake.requests).toEqual([
      {
        method: 'POST',
        path: '/v1/customers',
        params: { email: 'a@example.com', metadata: { tenant_id: 't' } },
        idempotencyKey: 'k1',
        apiVersion: Stripe.API_VERSION,
        status: 200,
      },
    ]);
  });

  it('takes a customer away, and ends their subscriptions', async () => {
    const customer = (await host.customer()).id;
    const { id } = await host.subscription({ customer });
    await stripe.customers.del(customer);

    await expect(stripe.customers.retrieve(customer)).resolves.toMatchObject({ deleted: true });
    await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({ status: 'canceled' });
    expect(await host.eventTypes()).toEqual(expect.arrayContaining(['customer.deleted', 'customer.subscription.deleted']));
  });

  it('keeps what a price charges, and gives each lookup key to one price', async () => {
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 500,
      product_data: { name: 'Pro' },
      lookup_key: 'pro',
    });

    await expect(stripe.prices.update(price.id, { unit_amount: 900 } as Stripe.PriceUpdateParams)).rejects.toMatchObject({
      param: 'unit_amount',
    });
    const retired = await stripe.prices.update(price.id, { active: false });
    expect(retired).toMatchObject({ active: false, unit_amount: 500 });
    expect(retired.unit_amount_decimal?.toString()).toBe('500');
    const next = { currency: 'usd', unit_amount: 900, product: price.product as string, lookup_key: 'pro' };
    await expect(stripe.prices.create(next)).rejects.toMatchObject({ code: 'resource_already_exists', param: 'lookup_key' });
    const successor = await stripe.prices.create({ ...next, transfer_lookup_key: true });
    const found = await stripe.prices.list({ lookup_keys: ['pro'] });
    expect(found.data.map(({ id }) => id)).toEqual([successor.id]);
  });
});
