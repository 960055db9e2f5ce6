import { SystemClock } from '../../common/index.js';
import type { StripeAccount } from './account/stripe-account.js';
import { makeAccount } from './account/make-account.js';
import { StripeServices } from './account/stripe-services.js';
import type { FakeStripePayment } from './checkout/checkout-payment.js';
import type { CheckoutSession } from './account/objects.js';
import { FakeStripeWebhooks } from './events/webhooks.js';
import type { FakeStripeOptions } from './fake-stripe.options.js';
import { resourceMissing } from './http/refusals.js';
import { FakeStripeApiFaults } from './http/api-faults.js';
import { ApiServer } from './http/api-server.js';
import { FakeStripeServer } from './http/fake-stripe-server.js';
import { IdempotencyKeys } from './http/idempotency.js';
import type { FakeStripeRequest } from './http/request-log.js';
import { Router } from './http/router.js';
import { StripePages } from './pages/stripe-pages.js';
import { stripeId } from './account/ids.js';

/** The version of the API that the fake Stripe plays. */
const API_VERSION = '2026-10-28.endive';
/** How often a fake Stripe on a clock that moves by itself looks at what is due. */
const LOOK_EVERY_MS = 1000;

/** Options for the SDK: `new Stripe(fake.apiKey, fake.clientOptions)`. */
export interface FakeStripeClientOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'http';
  readonly telemetry: false;
}

/** What a checkout session has come to. */
export interface FakeStripeCheckout {
  readonly status: 'complete' | 'expired' | 'open';
  readonly paymentStatus: 'no_payment_required' | 'paid' | 'unpaid';
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
  readonly paymentIntentId: string | null;
}

/**
 * A Stripe of your own: an HTTP server with a memory that the official SDK talks to, with a clock that moves when you say so, webhooks that
 * are signed for real, and faults. It keeps no data, and knows nothing of cards: whoever it is told to charge has paid.
 *
 * What it does not play, it refuses, with an error that says so.
 *
 * @example
 * ```ts
 * const fake = await FakeStripe.start({ clock: host.clock, webhookUrl });
 * const stripe = new Stripe(fake.apiKey, fake.clientOptions);
 * await fake.completeCheckout(session.id);
 * await fake.advance(31 * 24 * 3_600_000);
 * await fake.stop();
 * ```
 */
export class FakeStripe {
  /** Where webhooks go, and what goes wrong on the way. */
  readonly webhooks: FakeStripeWebhooks;
  /** What goes wrong with calls of the API. */
  readonly api: FakeStripeApiFaults;
  /** The only key that is let in. */
  readonly apiKey: string;
  /** The secrets that webhooks are signed with. */
  readonly secrets: readonly string[];
  private readonly log: FakeStripeRequest[] = [];
  private readonly account: StripeAccount;
  private readonly services: StripeServices;
  private readonly server: FakeStripeServer;
  private ticking: NodeJS.Timeout | undefined;

  private constructor(options: FakeStripeOptions) {
    const apiVersion = options.apiVersion ?? API_VERSION;
    this.apiKey = options.apiKey ?? 'sk_test_fake';
    this.secrets = options.secrets ?? [stripeId('whsec', 32)];
    this.api = new FakeStripeApiFaults();
    this.account = makeAccount({ ...options, clock: options.clock ?? new SystemClock(), apiVersion });
    this.services = new StripeServices(this.account);
    const { time, timeline, events } = this.account;
    this.webhooks = new FakeStripeWebhooks(time, timeline, { url: options.webhookUrl, secrets: this.secrets });
    events.onEvent((event) => this.webhooks.take(event));
    const api = new ApiServer({
      account: this.account,
      router: new Router(this.services.routes()),
      faults: this.api,
      idempotency: new IdempotencyKeys(time),
      apiKey: this.apiKey,
      apiVersion,
      requests: this.log,
    });
    this.server = new FakeStripeServer(api, new StripePages(this.account, this.services, (byMs) => this.advance(byMs)));
  }

  /** Starts one on 127.0.0.1. Stop it when the test ends. */
  static async start(options: FakeStripeOptions = {}): Promise<FakeStripe> {
    const fake = new FakeStripe(options);
    fake.account.baseUrl = await fake.server.listen(options.port ?? 0);
    if (!fake.account.time.standsStill) fake.ticking = setInterval(() => fake.account.timeline.runDue(), LOOK_EVERY_MS).unref();
    return fake;
  }

  /** Where it is, such as `http://127.0.0.1:12111`: a page from which to govern it. Those of checkout and portal are under it. */
  get url(): string {
    return this.server.url;
  }

  /** Options with which the SDK comes here. */
  get clientOptions(): FakeStripeClientOptions {
    return { host: '127.0.0.1', port: Number(new URL(this.url).port), protocol: 'http', telemetry: false };
  }

  /** Every call of the API so far, the oldest first. */
  get requests(): readonly FakeStripeRequest[] {
    return this.log;
  }

  /** What time it is for this Stripe. */
  get now(): Date {
    return new Date(this.account.time.nowMs);
  }

  /**
   * Lets time pass: renewals, ends of trials, retries of payments and of webhooks happen when they are due, each at its own time, and what
   * they send is delivered before the next. A `FakeClock` is moved with it.
   */
  async advance(byMs: number): Promise<void> {
    const { time, timeline } = this.account;
    const targetMs = time.nowMs + byMs;
    await this.webhooks.idle();
    for (let dueMs = timeline.nextMs; dueMs !== undefined && dueMs <= targetMs; dueMs = timeline.nextMs) {
      time.moveTo(dueMs);
      timeline.runDue();
      await this.webhooks.idle();
    }
    time.moveTo(targetMs);
  }

  /** Does what is due on a clock that somebody else has moved, and waits until it is delivered. */
  async catchUp(): Promise<void> {
    this.account.timeline.runDue();
    await this.webhooks.idle();
  }

  /**
   * Pays at the page of a checkout session. Only then is there a subscription. Returns once the webhooks are delivered.
   *
   * @throws FakeStripeRefusedError where the session is not open, or the card is declined: the session stays open then
   */
  completeCheckout(sessionId: string, payment: FakeStripePayment = {}): Promise<FakeStripeCheckout> {
    return this.act(() => checkoutOf(this.services.checkout.complete(sessionId, payment)));
  }

  /** Lets a checkout session expire before its time. */
  expireCheckout(sessionId: string): Promise<FakeStripeCheckout> {
    return this.act(() => checkoutOf(this.services.checkout.expire(sessionId)));
  }

  /** Has the bank decide about the debit of a checkout session, before its three days are over. */
  settleCheckout(sessionId: string, outcome: 'fail' | 'succeed'): Promise<FakeStripeCheckout> {
    return this.act(() => checkoutOf(this.services.checkout.settle(sessionId, outcome)));
  }

  /** Has a customer's next payments fail: so many, or all of them until `acceptPayments()`. */
  failNextPayments(customerId: string, times = Number.POSITIVE_INFINITY): void {
    this.account.failures.set(this.account.customers.get(customerId).id, times);
  }

  /** Has a customer's payments succeed again. */
  acceptPayments(customerId: string): void {
    this.account.failures.delete(customerId);
  }

  /**
   * Has a customer confirm the payment of an invoice, as banks ask for (3D Secure).
   *
   * @throws FakeStripeRefusedError where there is nothing to confirm
   */
  confirmPayment(invoiceId: string): Promise<void> {
    return this.act(() => this.services.lifecycle.confirmPayment(this.account.invoices.get(invoiceId)));
  }

  /** Cancels as a customer does in the portal: `cancel_at` is set and `cancel_at_period_end` stays false. */
  cancelInPortal(subscriptionId: string): Promise<void> {
    return this.act(() => this.services.portal.cancel(subscriptionId));
  }

  /** Takes such a cancellation back. */
  renewInPortal(subscriptionId: string): Promise<void> {
    return this.act(() => this.services.portal.renew(subscriptionId));
  }

  /** Has a customer dispute a payment at their bank. Returns the id of the dispute. */
  openDispute(paymentIntentId: string, reason = 'fraudulent'): Promise<string> {
    return this.act(() => this.services.disputes.open(paymentIntentId, reason).id);
  }

  /** Has the bank decide a dispute. */
  closeDispute(disputeId: string, outcome: 'lost' | 'won'): Promise<void> {
    return this.act(() => this.services.disputes.close(disputeId, outcome));
  }

  /** Has a refund fail after the fact, as banks do with accounts that are closed. */
  failRefund(refundId: string): Promise<void> {
    return this.act(() => this.services.refunds.fail(refundId));
  }

  /** Sends an event once more, at any age. */
  async resend(eventId: string): Promise<void> {
    const event = this.account.events.find(eventId);
    if (!event) throw resourceMissing('event', eventId);
    await this.webhooks.resend(event);
  }

  /** Stops listening and sending. */
  async stop(): Promise<void> {
    clearInterval(this.ticking);
    await this.webhooks.stop();
    await this.server.close();
  }

  private async act<T>(work: () => T): Promise<T> {
    this.account.timeline.runDue();
    const result = work();
    await this.webhooks.idle();
    return result;
  }
}

function checkoutOf(session: CheckoutSession): FakeStripeCheckout {
  return {
    status: session.status,
    paymentStatus: session.payment_status,
    customerId: session.customer,
    subscriptionId: session.subscription,
    paymentIntentId: session.payment_intent,
  };
}
