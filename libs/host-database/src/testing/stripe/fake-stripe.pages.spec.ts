import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { FakeStripe } from './fake-stripe.js';

describe(`${FakeStripe.name}: its pages`, () => {
  let host: StripeFixture;
  let stripe: Stripe;

  beforeEach(async () => {
    host = await StripeFixture.start();
    ({ stripe } = host);
  });

  afterEach(() => host.stop());

  const session = async (params: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> =>
    stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: (await host.price()).id, quantity: 2 }],
      success_url: 'https://app.example.com/done?session={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://app.example.com/pricing',
      ...params,
    });

  const press = (url: string, form: Record<string, string>): Promise<Response> =>
    fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  const pageOf = async (url: string): Promise<string> => (await fetch(url)).text();

  it('show what is to be paid, pay it, and go where they are told', async () => {
    const { id, url } = await session();
    const html = await pageOf(url!);
    expect(html).toContain('2 × Pro at $10.00 / month');
    expect(html).toContain('$20.00');

    const answer = await press(url!, { action: 'pay' });

    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`https://app.example.com/done?session=${id}`);
    await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({ status: 'complete', payment_status: 'paid' });
    expect(await pageOf(url!)).toContain('This checkout session is complete.');
    expect((await press(url!, { action: 'pay' })).status).toBe(400);
  });

  it('decline a card, and stay open', async () => {
    const { id, url } = await session();

    const answer = await press(url!, { action: 'decline' });

    expect(answer.status).toBe(402);
    expect(await answer.text()).toContain('Your card was declined.');
    await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({ status: 'open' });
  });

  it('pay by a debit that takes its time, or go back', async () => {
    const { id, url } = await session();

    expect((await press(url!, { action: 'cancel' })).headers.get('location')).toBe('https://app.example.com/pricing');
    await press(url!, { action: 'sepa' });

    await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({ status: 'complete', payment_status: 'unpaid' });
  });

  it('take a promotion code, and refuse a wrong one', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'HALF' });
    const { id, url } = await session({ allow_promotion_codes: true });

    expect((await press(url!, { action: 'pay', promotion_code: 'NONE' })).status).toBe(400);
    expect((await press(url!, { action: 'pay', promotion_code: 'HALF' })).status).toBe(303);

    await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({ amount_total: 1000 });
  });

  it('show names as text', async () => {
    const product = await stripe.products.create({ name: '<script>alert(1)</script>' });
    const { url } = await session({ line_items: [{ price: (await host.price({ product: product.id })).id, quantity: 1 }] });

    const html = await pageOf(url!);

    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script>');
  });

  it('cancel and renew in the portal, for its own customer only', async () => {
    const [own, other] = [await host.subscription(), await host.subscription()];
    const { url } = await stripe.billingPortal.sessions.create({
      customer: own.customer as string,
      return_url: 'https://app.example.com/billing',
    });
    expect(await pageOf(url)).toContain('https://app.example.com/billing');

    expect((await press(url, { action: 'cancel', subscription: own.id })).status).toBe(303);
    await expect(stripe.subscriptions.retrieve(own.id)).resolves.toMatchObject({
      cancel_at: own.items.data[0]!.current_period_end,
    });
    expect(await pageOf(url)).toContain('ends on 2030-02-01');
    await press(url, { action: 'renew', subscription: own.id });
    await expect(stripe.subscriptions.retrieve(own.id)).resolves.toMatchObject({ cancel_at: null });

    expect((await press(url, { action: 'cancel', subscription: other.id })).status).toBe(403);
    await expect(stripe.subscriptions.retrieve(other.id)).resolves.toMatchObject({ cancel_at: null });
  });

  it('let time pass and payments fail', async () => {
    const { id, customer } = await host.subscription();
    const { url } = host.fake;
    expect(await pageOf(url)).toContain('ada@example.com');
    const statusAfterAMonth = async (): Promise<string> => {
      expect((await press(url, { days: '31' })).headers.get('location')).toBe('/');
      await press(url, { days: '1' });
      return (await stripe.subscriptions.retrieve(id)).status;
    };
    expect(await statusAfterAMonth()).toBe('active');

    await press(url, { customer: customer as string, action: 'fail' });
    expect(await pageOf(url)).toContain('Have payments succeed again');
    expect(await statusAfterAMonth()).toBe('past_due');
    await press(url, { customer: customer as string, action: 'accept' });
    await press(url, { days: '14' });

    expect(await pageOf(url)).toContain(`${id}: active`);
  });

  it('are not found where there are none', async () => {
    expect((await fetch(`${host.fake.url}/c/pay/cs_none`)).status).toBe(404);
    expect((await fetch(`${host.fake.url}/nothing`)).status).toBe(404);
  });
});
