import { Stripe } from 'stripe';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { FakeStripe } from '../../src/testing/stripe/fake-stripe.js';
import type { FakeStripeOptions } from '../../src/testing/stripe/fake-stripe.options.js';
import { WebhookReceiver } from './webhook-receiver.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A fake Stripe on a clock that stands still, the SDK that talks to it, and a receiver of its webhooks. */
export class StripeFixture {
  private constructor(
    readonly clock: FakeClock,
    readonly fake: FakeStripe,
    readonly stripe: Stripe,
    readonly receiver: WebhookReceiver,
  ) {}

  static async start(options: Omit<FakeStripeOptions, 'clock' | 'webhookUrl'> = {}): Promise<StripeFixture> {
    const clock = new FakeClock();
    const receiver = await WebhookReceiver.start();
    const fake = await FakeStripe.start({ ...options, clock, webhookUrl: receiver.url });
    // What fails fails at once: the tests say when something is tried again.
    const stripe = new Stripe(fake.apiKey, { ...fake.clientOptions, maxNetworkRetries: 0 });
    return new StripeFixture(clock, fake, stripe, receiver);
  }

  async stop(): Promise<void> {
    await this.fake.stop();
    await this.receiver.stop();
  }

  /** Seconds, as Stripe tells time. */
  get now(): number {
    return this.clock.now().getTime() / 1000;
  }

  /** A price of 10.00, monthly unless said otherwise. */
  price(
    facts: { readonly amount?: number; readonly interval?: 'month' | 'year'; readonly product?: string } = {},
  ): Promise<Stripe.Price> {
    return this.stripe.prices.create({
      currency: 'usd',
      unit_amount: facts.amount ?? 1000,
      recurring: { interval: facts.interval ?? 'month' },
      ...(facts.product ? { product: facts.product } : { product_data: { name: 'Pro' } }),
    });
  }

  /** A customer with a card that works. */
  customer(): Promise<Stripe.Customer> {
    return this.stripe.customers.create({
      email: 'ada@example.com',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
  }

  /** A subscription with one item. */
  async subscription(
    params: Partial<Stripe.SubscriptionCreateParams> & { readonly amount?: number } = {},
  ): Promise<Stripe.Subscription> {
    const { amount, ...rest } = params;
    const items = params.items ?? [{ price: (await this.price(amount === undefined ? {} : { amount })).id }];
    return this.stripe.subscriptions.create({ customer: params.customer ?? (await this.customer()).id, ...rest, items });
  }

  /** The types of all events so far, the oldest first. */
  async eventTypes(): Promise<string[]> {
    const events = await this.stripe.events.list({ limit: 100 });
    return events.data.map((event): string => event.type).toReversed();
  }
}
