import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { DAY_MS, StripeFixture } from '../../../test/stripe/stripe-fixture.js';
import { webhookSignature } from './events/webhook-signature.js';
import { FakeStripe } from './fake-stripe.js';
import { FakeStripeRefusedError } from './stripe.errors.js';

const MINUTE_MS = 60_000;
const SECRETS = ['whsec_old', 'whsec_new'];

describe(`${FakeStripe.name}: webhooks`, () => {
  let host: StripeFixture;

  beforeEach(async () => {
    host = await StripeFixture.start({ secrets: SECRETS, thinEvents: false });
  });

  afterEach(() => host.stop());

  const newCustomer = async (name: string): Promise<void> => {
    await host.stripe.customers.create({ name });
    await host.fake.webhooks.idle();
  };

  it('signs for real, with each secret, and the SDK believes it', async () => {
    await newCustomer('ada');

    const [{ body, signature }] = host.receiver.received as [(typeof host.receiver.received)[0]];
    for (const secret of SECRETS) {
      const event = host.stripe.webhooks.constructEvent(body, signature, secret, 300, undefined, host.now);
      expect(event).toMatchObject({
        type: 'customer.created',
        api_version: Stripe.API_VERSION,
        livemode: false,
        created: host.now,
      });
    }
    expect(() => host.stripe.webhooks.constructEvent(body, signature, 'whsec_other', 300)).toThrow('signature');
    expect(() => host.stripe.webhooks.constructEvent(`${body} `, signature, SECRETS[0]!, 300)).toThrow('signature');
  });

  it('makes the same header as the SDK', () => {
    const facts = { payload: '{"a":1}', secret: 'whsec_a', timestamp: 1_900_000_000 };

    expect(webhookSignature(facts.payload, { secrets: [facts.secret], timestamp: facts.timestamp })).toBe(
      host.stripe.webhooks.generateTestHeaderString(facts),
    );
  });

  it('names the request that caused the event, and what it was before', async () => {
    const customer = await host.stripe.customers.create({ name: 'ada', email: 'a@example.com' });
    await host.stripe.customers.update(customer.id, { name: 'grace' }, { idempotencyKey: 'k' });

    const [event] = (await host.stripe.events.list({ type: 'customer.updated' })).data;
    expect(event).toMatchObject({
      request: { idempotency_key: 'k' },
      data: { object: { name: 'grace' }, previous_attributes: { name: 'ada' } },
    });
    expect(event!.data.previous_attributes).toEqual({ name: 'ada' });
  });

  it('tries again for three days, until it is answered well', async () => {
    host.receiver.status = 500;
    await newCustomer('ada');
    expect(host.receiver.received).toHaveLength(1);

    await host.fake.advance(5 * MINUTE_MS);
    expect(host.receiver.received).toHaveLength(2);
    host.receiver.status = 200;
    await host.fake.advance(30 * MINUTE_MS);
    expect(host.receiver.received).toHaveLength(3);
    await host.fake.advance(3 * DAY_MS);
    expect(host.receiver.received).toHaveLength(3);
    expect(new Set(host.receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(host.fake.webhooks.deliveries.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 500],
      [2, 500],
      [3, 200],
    ]);
  });

  it('gives up after ten attempts', async () => {
    host.receiver.status = 503;
    await newCustomer('ada');

    await host.fake.advance(10 * DAY_MS);

    expect(host.receiver.received).toHaveLength(10);
  });

  it('loses events when it is told to, and still lists them', async () => {
    host.fake.webhooks.drop();
    await newCustomer('ada');
    await host.fake.advance(3 * DAY_MS);
    expect(host.receiver.received).toEqual([]);

    host.fake.webhooks.deliver();
    await newCustomer('grace');

    expect(host.receiver.received).toHaveLength(1);
    await expect(host.eventTypes()).resolves.toEqual(['customer.created', 'customer.created']);
  });

  it('delivers in any order, any number of times', async () => {
    host.fake.webhooks.hold();
    for (const name of ['a', 'b', 'c']) await newCustomer(name);
    const held = host.fake.webhooks.held.map(({ id }) => id);
    expect(host.receiver.received).toEqual([]);

    await host.fake.webhooks.deliverIn([2, 0, 0]);

    expect(host.receiver.received.map(({ event }) => event.id)).toEqual([held[2], held[0], held[0]]);
    expect(host.fake.webhooks.held.map(({ id }) => id)).toEqual([held[1]]);
    await expect(host.fake.webhooks.deliverIn([7])).rejects.toThrow(FakeStripeRefusedError);
    await host.fake.webhooks.release();
    expect(host.receiver.received.at(-1)?.event.id).toBe(held[1]);
  });

  it('sends many copies at the same time', async () => {
    host.receiver.answersAt = 50;
    host.fake.webhooks.duplicate(50);

    await newCustomer('ada');

    expect(host.receiver.received).toHaveLength(50);
    expect(new Set(host.receiver.received.map(({ event }) => event.id)).size).toBe(1);
  });

  it('sends twice, and later, and once more', async () => {
    host.fake.webhooks.duplicate(2);
    host.fake.webhooks.delayBy(MINUTE_MS);
    await newCustomer('ada');
    expect(host.receiver.received).toEqual([]);

    await host.fake.advance(MINUTE_MS);

    expect(host.receiver.types).toEqual(['customer.created', 'customer.created']);
    await host.fake.resend(host.receiver.received[0]!.event.id);
    expect(host.receiver.received).toHaveLength(3);
    await expect(host.fake.resend('evt_none')).rejects.toThrow(FakeStripeRefusedError);
  });

  it('lists events for 30 days', async () => {
    await newCustomer('ada');
    await host.fake.advance(30 * DAY_MS);
    await expect(host.eventTypes()).resolves.toEqual(['customer.created']);

    await host.fake.advance(1000);

    await expect(host.eventTypes()).resolves.toEqual([]);
  });

  it('does what time brings on a clock that somebody else has moved', async () => {
    const subscription = await host.subscription();
    host.clock.advance(32 * DAY_MS);

    await host.fake.catchUp();

    const invoices = await host.stripe.invoices.list({ subscription: subscription.id });
    expect(invoices.data).toHaveLength(2);
    expect(invoices.data[0]!.created).toBe(subscription.items.data[0]!.current_period_end);
  });
});

describe(`${FakeStripe.name}: thin events`, () => {
  it('come beside the others, say what has changed, and can be fetched', async () => {
    const host = await StripeFixture.start({ thinEvents: true });
    try {
      const { id, items } = await host.subscription();
      await host.stripe.subscriptions.update(id, { items: [{ id: items.data[0]!.id, quantity: 5 }], proration_behavior: 'none' });
      await host.fake.webhooks.idle();

      const thin = host.receiver.received.filter(({ event }) => event.object === 'v2.core.event');
      expect(thin.map(({ event }) => event.type)).toEqual(
        expect.arrayContaining(['v1.customer.subscription.updated', 'v1.customer.subscription.item_quantity_changed']),
      );
      expect(thin.map(({ event }) => event.type)).not.toContain('v1.customer.subscription.item_price_changed');
      const updated = thin.find(({ event }) => event.type === 'v1.customer.subscription.updated')!;
      const notification = host.stripe.parseEventNotification(
        updated.body,
        updated.signature,
        host.fake.secrets[0]!,
        300,
        undefined,
        host.now,
      );
      expect(notification).toMatchObject({
        snapshot_event: expect.stringMatching(/^evt_/),
        related_object: { id, type: 'subscription' },
      });
      await expect(host.stripe.v2.core.events.retrieve(notification.id)).resolves.toMatchObject({ id: notification.id });
    } finally {
      await host.stop();
    }
  });
});
