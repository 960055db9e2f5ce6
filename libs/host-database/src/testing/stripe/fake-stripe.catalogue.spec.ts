import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { DAY_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';
import { FakeStripeStoppedError } from './stripe.errors.js';

describe(`${FakeStripe.name}: catalogue and customers`, () => {
  let host: StripeFixture;
  let stripe: Stripe;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe } = host);
  });

  afterEach(() => host.stop());

  it('keeps products, with an id of your own, and their features', async () => {
    const made = await stripe.products.create({ id: 'pro', name: 'Pro', metadata: { tier: '2', old: 'x' } });
    expect(made).toMatchObject({ id: 'pro', active: true });
    await expect(stripe.products.create({ id: 'pro', name: 'Again' })).rejects.toMatchObject({ code: 'resource_already_exists' });

    const changed = await stripe.products.update('pro', {
      active: false,
      description: 'For teams',
      marketing_features: [{ name: 'API' }],
      metadata: { tier: '3', old: '' },
    });

    expect(changed).toMatchObject({ active: false, description: 'For teams', marketing_features: [{ name: 'API' }] });
    expect(changed.metadata).toEqual({ tier: '3' });
    const { id } = await stripe.products.create({ name: 'Basic' });
    expect((await stripe.products.list({ active: true })).data.map((one) => one.id)).toEqual([id]);
    expect((await stripe.products.list({ ids: ['pro'] })).data.map((one) => one.id)).toEqual(['pro']);
  });

  it('deletes products that have no price', async () => {
    const price = await host.price();
    const { id } = await stripe.products.create({ name: 'Unused' });

    await expect(stripe.products.del(price.product as string)).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.products.del(id)).resolves.toMatchObject({ deleted: true });

    await expect(stripe.products.retrieve(id)).rejects.toMatchObject({ code: 'resource_missing' });
  });

  it('refuses a price that is none', async () => {
    const product = (await stripe.products.create({ name: 'Pro' })).id;

    await expect(stripe.prices.create({ currency: 'usd', product })).rejects.toMatchObject({ param: 'unit_amount' });
    await expect(stripe.prices.create({ currency: 'usd', product, unit_amount: -1 })).rejects.toMatchObject({
      param: 'unit_amount',
    });
    await expect(stripe.prices.create({ currency: 'usd', unit_amount: 1 })).rejects.toMatchObject({ param: 'product' });
    const retired = await stripe.prices.create({
      currency: 'usd',
      product,
      unit_amount: 1,
      active: false,
      recurring: { interval: 'month' },
    });
    await expect(host.subscription({ items: [{ price: retired.id }] })).rejects.toMatchObject({ param: 'items[0][price]' });
    const once = await stripe.prices.create({ currency: 'usd', product, unit_amount: 1 });
    await expect(host.subscription({ items: [{ price: once.id }] })).rejects.toMatchObject({ param: 'items[0][price]' });
  });

  it('makes a price for one checkout session only', async () => {
    const { id } = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price_data: { currency: 'eur', unit_amount: 4900, product_data: { name: 'Import' } }, quantity: 2 }],
      success_url: 'https://app.example.com/done',
    });

    const session = await stripe.checkout.sessions.retrieve(id, { expand: ['line_items'] });
    expect(session).toMatchObject({ amount_total: 9800, currency: 'eur' });
    expect(session.line_items?.data[0]?.price).toMatchObject({ active: false, unit_amount: 4900 });
  });

  it('counts what is redeemed, and takes off what a coupon says for as long as it says', async () => {
    const coupon = await stripe.coupons.create({
      amount_off: 400,
      currency: 'usd',
      duration: 'repeating',
      duration_in_months: 2,
      max_redemptions: 1,
    });
    const { id } = await host.subscription({ discounts: [{ coupon: coupon.id }] });
    await expect(host.subscription({ discounts: [{ coupon: coupon.id }] })).rejects.toMatchObject({ code: 'coupon_expired' });
    await expect(stripe.coupons.retrieve(coupon.id)).resolves.toMatchObject({ times_redeemed: 1, valid: false });

    await host.fake.advance(63 * DAY_MS);

    const invoices = (await stripe.invoices.list({ subscription: id })).data;
    expect(invoices.map(({ amount_paid }) => amount_paid)).toEqual([1000, 600, 600]);
    expect(invoices[2]).toMatchObject({ subtotal: 1000, total: 600, total_discount_amounts: [{ amount: 400 }] });
  });

  it('leaves a deleted coupon to those who have it', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
    const { id } = await host.subscription({ discounts: [{ coupon: coupon.id }] });

    await stripe.coupons.del(coupon.id);

    await expect(stripe.coupons.retrieve(coupon.id)).rejects.toMatchObject({ code: 'resource_missing', statusCode: 404 });
    await expect(host.subscription({ discounts: [{ coupon: coupon.id }] })).rejects.toMatchObject({ code: 'coupon_expired' });
    await host.fake.advance(32 * DAY_MS);
    expect((await stripe.invoices.list({ subscription: id })).data[0]).toMatchObject({ amount_paid: 900 });
  });

  it('refuses promotion codes that are over, used up or switched off', async () => {
    const { id: coupon } = await stripe.coupons.create({ percent_off: 10 });
    const promotion = { type: 'coupon' as const, coupon };
    const codes = await Promise.all([
      stripe.promotionCodes.create({ promotion, active: false }),
      stripe.promotionCodes.create({ promotion, expires_at: host.now + 60 }),
      stripe.promotionCodes.create({ promotion, max_redemptions: 1 }),
    ]);
    const valid = codes[2].id;
    await host.subscription({ discounts: [{ promotion_code: valid }] });
    await host.fake.advance(60_000);

    for (const { id } of codes) {
      await expect(host.subscription({ discounts: [{ promotion_code: id }] })).rejects.toMatchObject({ param: 'promotion_code' });
    }
    const again = await stripe.promotionCodes.update(codes[0].id, { active: true });
    await expect(host.subscription({ discounts: [{ promotion_code: again.id }] })).resolves.toMatchObject({ status: 'active' });
    expect((await stripe.promotionCodes.list({ code: codes[1].code })).data.map(({ id }) => id)).toEqual([codes[1].id]);
  });

  it('finds customers by their address, and forgets what is cleared', async () => {
    const { id } = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada', metadata: { tenant_id: 't', a: 'b' } });
    await stripe.customers.create({ email: 'grace@example.com' });

    expect((await stripe.customers.list({ email: 'ada@example.com' })).data.map((one) => one.id)).toEqual([id]);
    const cleared = await stripe.customers.update(id, { name: '', metadata: { a: '' } });
    expect(cleared).toMatchObject({ name: null, email: 'ada@example.com' });
    expect(cleared.metadata).toEqual({ tenant_id: 't' });
  });

  it('gives each test card to one customer', async () => {
    const [ada, grace] = [await host.customer(), await host.customer()];
    const card = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: ada.id });
    expect(card).toMatchObject({ type: 'card', card: { last4: '4444' }, customer: ada.id });

    await expect(stripe.paymentMethods.attach(card.id, { customer: grace.id })).rejects.toMatchObject({
      param: 'payment_method',
    });
    await expect(stripe.paymentMethods.attach('pm_none', { customer: ada.id })).rejects.toMatchObject({
      code: 'resource_missing',
    });
    expect((await stripe.paymentMethods.list({ customer: ada.id })).data).toHaveLength(2);
    await stripe.paymentMethods.detach(card.id);
    expect((await stripe.paymentMethods.list({ customer: ada.id })).data).toHaveLength(1);
  });

  it('opens the portal for a subscription of a customer', async () => {
    const { id, customer } = await host.subscription();

    const session = await stripe.billingPortal.sessions.create({
      customer: customer as string,
      flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: id } },
    });

    expect(session.flow).toMatchObject({ type: 'subscription_cancel', subscription_cancel: { subscription: id } });
    await expect(
      stripe.billingPortal.sessions.create({ customer: customer as string, flow_data: { type: 'subscription_update' } }),
    ).rejects.toMatchObject({ param: 'flow_data[subscription_update]' });
  });

  it('is not there before it is started, nor after it is stopped', async () => {
    const fake = await FakeStripe.start({ port: 0 });
    expect(fake.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

    await fake.stop();

    expect(() => fake.url).toThrow(FakeStripeStoppedError);
    expect(() => fake.clientOptions).toThrow(expect.objectContaining({ code: 'TESTING_STRIPE_STOPPED' }));
  });
});
