import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { until } from '../../../test/stripe/until.js';
import { FakeStripe } from './fake-stripe.js';

describe(`${FakeStripe.name}: faults of its API`, () => {
  let host: StripeFixture;
  let stripe: Stripe;
  let fake: FakeStripe;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe, fake } = host);
  });

  afterEach(() => host.stop());

  const statuses = (): (number | undefined)[] => fake.requests.map(({ status }) => status);

  it.each([
    { status: 429 as const, type: 'StripeRateLimitError' },
    { status: 500 as const, type: 'StripeAPIError' },
    { status: 503 as const, type: 'StripeAPIError' },
  ])('answers $status, as often as it is told to, without an effect', async ({ status, type }) => {
    fake.api.failNext({ with: status, times: 2 });

    for (let call = 0; call < 2; call += 1) {
      await expect(stripe.customers.create({ name: 'ada' })).rejects.toMatchObject({ type, statusCode: status });
    }

    await expect(stripe.customers.list()).resolves.toMatchObject({ data: [] });
    await expect(stripe.customers.create({ name: 'ada' })).resolves.toMatchObject({ name: 'ada' });
  });

  it('fails some calls and not others', async () => {
    fake.api.failNext({ with: 500, path: '/v1/products', method: 'GET' });

    await expect(stripe.products.create({ name: 'Pro' })).resolves.toMatchObject({ name: 'Pro' });
    await expect(stripe.customers.list()).resolves.toMatchObject({ data: [] });
    await expect(stripe.products.list()).rejects.toMatchObject({ statusCode: 500 });
    await expect(stripe.products.list()).resolves.toMatchObject({ data: [{ name: 'Pro' }] });
  });

  it('cuts a connection after the effect, and idempotency keys make up for it', async () => {
    // Whatever its settings, the SDK makes a call once more whose connection was cut.
    fake.api.failNext({ with: 'reset', afterEffect: true, method: 'POST', times: 2 });
    await expect(stripe.customers.create({ name: 'ada' }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      type: 'StripeConnectionError',
    });

    const again = await stripe.customers.create({ name: 'ada' }, { idempotencyKey: 'k' });

    expect(again.lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    const { data } = await stripe.customers.list();
    expect(data.map(({ id }) => id)).toEqual([again.id]);
    expect(statuses()).toEqual([undefined, undefined, 200, 200]);
  });

  it('is tried again by the SDK itself', async () => {
    const patient = new Stripe(fake.apiKey, { ...fake.clientOptions, maxNetworkRetries: 2 });
    fake.api.failNext({ with: 'reset' });
    fake.api.failNext({ with: 500 });

    await expect(patient.customers.create({ name: 'ada' })).resolves.toMatchObject({ name: 'ada' });

    expect(statuses()).toEqual([undefined, 500, 200]);
    expect(new Set(fake.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it('keeps calls of one endpoint within a rate', async () => {
    let now = 0;
    fake.api.limitRate({ perSecond: 3, nowMs: () => now });
    const { id } = await stripe.customers.create();
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => stripe.customers.retrieve(id)));

    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(calls.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' },
    });
    await expect(stripe.customers.list()).resolves.toMatchObject({ data: [{ id }] });
    now = 1000;
    await expect(stripe.customers.retrieve(id)).resolves.toMatchObject({ id });
  });

  it('keeps answers back until it is told, and refuses the same key meanwhile', async () => {
    const release = fake.api.holdAnswers();
    const first = stripe.customers.create({ name: 'ada' }, { idempotencyKey: 'k' });
    await until(() => fake.requests.length === 1);
    await expect(stripe.customers.create({ name: 'ada' }, { idempotencyKey: 'k' })).rejects.toMatchObject({
      statusCode: 409,
      code: 'idempotency_key_in_use',
    });

    release();

    await expect(first).resolves.toMatchObject({ name: 'ada' });
  });

  it('keeps back what it has read, which is stale then', async () => {
    const { id } = await stripe.customers.create({ name: 'ada' });
    const release = fake.api.holdAnswers();
    const read = stripe.customers.retrieve(id);
    await until(() => fake.requests.length === 2);
    const change = stripe.customers.update(id, { name: 'grace' });
    await until(() => host.receiver.types.includes('customer.updated'));

    release();

    await expect(read).resolves.toMatchObject({ name: 'ada' });
    await expect(change).resolves.toMatchObject({ name: 'grace' });
  });

  it('answers late', async () => {
    const before = performance.now();
    fake.api.answerAfter(50);

    await stripe.customers.list();

    // Timers may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
    fake.api.clear();
    await expect(stripe.customers.list()).resolves.toMatchObject({ data: [] });
  });
});
