// A test against a Stripe of its own: the official SDK talks to it, and time is in the hand of the test.
import assert from 'node:assert/strict';
import { FakeClock, FakeStripe } from 'nestjs-host-database/testing';
import { Stripe } from 'stripe';

const DAY_MS = 86_400_000;

const fake = await FakeStripe.start({ clock: new FakeClock() });
const stripe = new Stripe(fake.apiKey, fake.clientOptions);

const price = await stripe.prices.create({
  currency: 'usd',
  unit_amount: 2900,
  recurring: { interval: 'month' },
  product_data: { name: 'Pro' },
});
const session = await stripe.checkout.sessions.create({
  mode: 'subscription',
  line_items: [{ price: price.id, quantity: 1 }],
  subscription_data: { metadata: { tenant_id: 'acme' } },
  success_url: 'https://app.example.com/billing',
});

// Somebody pays: there is a subscription now, and not before.
const { subscriptionId, customerId } = await fake.completeCheckout(session.id);
assert.ok(subscriptionId !== null && customerId !== null);
const statusNow = async (): Promise<string> => (await stripe.subscriptions.retrieve(subscriptionId)).status;
assert.equal(await statusNow(), 'active');

// A month later the card is declined. Stripe tries again for two weeks, and then ends the subscription.
fake.failNextPayments(customerId);
await fake.advance(32 * DAY_MS);
assert.equal(await statusNow(), 'past_due');
await fake.advance(14 * DAY_MS);
assert.equal(await statusNow(), 'canceled');
console.log('canceled after two weeks');

await fake.stop();
