import type { Invoice, InvoiceLine, PaymentIntent, PaymentMethod, Subscription, SubscriptionStatus } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { cardDeclined } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { Collection } from './collection.js';
import { useUpDiscounts } from './discounts.js';
import { type BillingReason, draftInvoice } from './invoice-draft.js';
import { type Invoices, subscriptionOf } from './invoices.js';
import { cycleLine } from './lines.js';
import { nextEnd, nextLines } from './item-lines.js';
import type { Payments } from './payments.js';
import { periodBounds } from './subscription-draft.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const INCOMPLETE_FOR = 23 * HOUR;
const TRIAL_ENDS_SOON = 3 * DAY;
const UPCOMING_BEFORE = 7 * DAY;

/** Subscriptions as time passes: their periods, trials and end. */
export class SubscriptionLifecycle {
  private readonly collection: Collection;

  constructor(
    private readonly account: StripeAccount,
    private readonly invoices: Invoices,
    private readonly payments: Payments,
  ) {
    this.collection = new Collection(account, invoices, payments, {
      methodOf: (subscription) => this.paymentMethodOf(subscription),
      setStatus: (subscription, status) => this.setStatus(subscription, status),
      cancel: (subscription) => this.cancel(subscription, 'payment_failed'),
      pause: (subscription) => this.pause(subscription, 'final_payment_failure'),
    });
  }

  /** Plans what time brings next. Called after every change of dates. */
  plan(subscription: Subscription): void {
    const { timeline } = this.account;
    const { id, status } = subscription;
    for (const what of ['cancel', 'expire', 'trial', 'upcoming', 'period']) timeline.cancel(`${id}:${what}`);
    if (status === 'canceled' || status === 'incomplete_expired') return;
    if (status === 'incomplete') {
      timeline.plan(`${id}:expire`, subscription.created + INCOMPLETE_FOR, () => this.expire(subscription));
      return;
    }
    // Of the same second the end comes first: what is cancelled is not renewed.
    if (subscription.cancel_at !== null)
      timeline.plan(`${id}:cancel`, subscription.cancel_at, () => this.cancel(subscription, 'cancellation_requested'));
    if (status === 'paused') return;
    if (status === 'trialing' && subscription.trial_end !== null) this.planTrialNotice(subscription, subscription.trial_end);
    this.planUpcoming(subscription);
    timeline.plan(`${id}:period`, periodBounds(subscription).min, () => this.renew(subscription));
  }

  /** Ends a subscription now. */
  cancel(subscription: Subscription, reason: 'cancellation_requested' | 'payment_failed'): void {
    const now = this.account.time.now;
    subscription.status = 'canceled';
    subscription.ended_at = now;
    subscription.canceled_at ??= now;
    subscription.cancel_at_period_end = false;
    subscription.cancellation_details = { ...noCancellationDetails(), ...subscription.cancellation_details, reason };
    this.plan(subscription);
    for (const invoice of this.invoices.ofSubscription(subscription))
      if (invoice.status === 'open' || invoice.status === 'draft') this.invoices.stopCollecting(invoice);
    const schedule = subscription.schedule === null ? undefined : this.account.schedules.find(subscription.schedule);
    if (schedule?.status === 'active') {
      this.account.timeline.cancel(`${schedule.id}:phase`);
      schedule.status = 'canceled';
      schedule.canceled_at = now;
      this.account.emit('subscription_schedule.canceled', schedule);
    }
    this.account.emit('customer.subscription.deleted', subscription);
  }

  /** Makes an invoice of these lines and of what waits for one, and pays it at once. */
  invoiceNow(subscription: Subscription, lines: readonly InvoiceLine[], reason: BillingReason): Invoice {
    const invoice = this.draft(subscription, [...this.takePending(subscription), ...lines], reason);
    subscription.latest_invoice = invoice.id;
    this.invoices.open(invoice);
    this.collection.collect(invoice, subscription);
    return invoice;
  }

  /** What an invoice would be, of these lines. */
  draft(subscription: Subscription, lines: readonly InvoiceLine[], reason: BillingReason): Invoice {
    const customer = this.account.customers.named(subscription.customer, 'customer');
    const { start, min } = periodBounds(subscription);
    const now = this.account.time.now;
    const period = reason === 'subscription_cycle' || reason === 'upcoming' ? { start, end: min } : { start: now, end: now };
    return draftInvoice(this.account, { customer, subscription, lines, reason, period });
  }

  /** Tries to pay an open invoice, as a customer or an operator asks for it. */
  pay(invoice: Invoice, method?: PaymentMethod): void {
    this.collection.pay(invoice, this.account.subscriptions.find(subscriptionOf(invoice) ?? ''), method);
  }

  finalize(invoice: Invoice): void {
    this.invoices.finalize(invoice);
  }

  /** Records how a payment that took days has ended. */
  settleLater(invoice: Invoice, { intent, succeeded }: { readonly intent: PaymentIntent; readonly succeeded: boolean }): void {
    const subscription = this.account.subscriptions.find(subscriptionOf(invoice) ?? '');
    this.collection.settled(invoice, subscription, { intent, outcome: succeeded ? 'succeeded' : 'failed' });
  }

  /** The card holder confirms a payment that waits for it. */
  confirmPayment(invoice: Invoice): void {
    const intent = this.invoices.intentOf(invoice);
    const method = this.account.paymentMethods.find(intent?.payment_method ?? '');
    if (invoice.status !== 'open' || intent?.status !== 'requires_action' || !method)
      throw new FakeStripeRefusedError(`No payment of the invoice ${invoice.id} waits to be confirmed.`);
    this.payments.succeed(intent, method);
    this.settleLater(invoice, { intent, succeeded: true });
  }

  /** Has the bank decide about the debit of an invoice. */
  awaitDebit(invoice: Invoice, subscription: Subscription): void {
    this.collection.awaitDebit(invoice, subscription);
  }

  setStatus(subscription: Subscription, status: SubscriptionStatus): void {
    if (subscription.status === status) return;
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.status = status;
    });
    this.plan(subscription);
  }

  /** Refuses who could not pay an invoice now. */
  requireFunds(subscription: Subscription): void {
    const customer = this.account.customers.find(subscription.customer) ?? null;
    if (this.payments.isDeclined(customer, this.paymentMethodOf(subscription))) throw cardDeclined();
  }

  /** The payment method that a subscription's invoices are paid with. */
  paymentMethodOf(subscription: Pick<Subscription, 'customer' | 'default_payment_method'>): PaymentMethod | undefined {
    const standard = this.account.customers.find(subscription.customer)?.invoice_settings.default_payment_method;
    const id = subscription.default_payment_method ?? (typeof standard === 'string' ? standard : undefined);
    const method = id === undefined ? undefined : this.account.paymentMethods.find(id);
    return method?.customer === subscription.customer ? method : undefined;
  }

  private renew(subscription: Subscription): void {
    const now = this.account.time.now;
    if (subscription.status === 'trialing' && !this.endTrial(subscription)) return;
    const due = subscription.items.data.filter((item) => item.current_period_end <= now);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      if (one.status === 'trialing') one.status = 'active';
      for (const item of due) {
        item.current_period_start = item.current_period_end;
        item.current_period_end = nextEnd(one, item);
      }
    });
    const lines = due.map((item) =>
      cycleLine({
        subscription: subscription.id,
        item,
        period: { start: item.current_period_start, end: item.current_period_end },
      }),
    );
    const invoice = this.draft(subscription, [...this.takePending(subscription), ...lines], 'subscription_cycle');
    subscription.latest_invoice = invoice.id;
    this.invoices.open(invoice);
    useUpDiscounts(this.account, subscription);
    this.collection.collectLater(invoice, subscription, HOUR);
    this.plan(subscription);
  }

  /** Whether a subscription goes on after its trial. */
  private endTrial(subscription: Subscription): boolean {
    const behavior = subscription.trial_settings.end_behavior.missing_payment_method;
    if (behavior === 'create_invoice' || this.paymentMethodOf(subscription)) return true;
    if (behavior === 'cancel') this.cancel(subscription, 'cancellation_requested');
    else this.pause(subscription, 'trial_end_without_payment_method');
    return false;
  }

  /** Stops a subscription until it is resumed. */
  pause(
    subscription: Subscription,
    type: 'final_payment_failure' | 'pause_requested' | 'trial_end_without_payment_method',
  ): void {
    const before = subscription.status;
    subscription.status = 'paused';
    subscription.status_details = {
      paused: { subscription: { type }, transitioned_at: this.account.time.now, type: 'subscription' },
    };
    this.plan(subscription);
    this.account.events.emit('customer.subscription.updated', subscription, { status: before });
    this.account.emit('customer.subscription.paused', subscription);
  }

  private expire(subscription: Subscription): void {
    this.setStatus(subscription, 'incomplete_expired');
    for (const invoice of this.invoices.ofSubscription(subscription)) if (invoice.status === 'open') this.invoices.void(invoice);
  }

  private takePending(subscription: Subscription): InvoiceLine[] {
    const lines = this.account.pendingLines.get(subscription.id) ?? [];
    this.account.pendingLines.delete(subscription.id);
    return lines;
  }

  /** Tells of the next invoice a week before, unless there is none. */
  private planUpcoming(subscription: Subscription): void {
    const at = periodBounds(subscription).min - UPCOMING_BEFORE;
    const isLast = subscription.cancel_at !== null && subscription.cancel_at <= periodBounds(subscription).min;
    if (isLast || at <= this.account.time.now) return;
    this.account.timeline.plan(`${subscription.id}:upcoming`, at, () => {
      const pending = this.account.pendingLines.get(subscription.id) ?? [];
      const { id: _, ...invoice } = this.draft(subscription, [...pending, ...nextLines(subscription)], 'upcoming');
      this.account.emit('invoice.upcoming', invoice);
    });
  }

  private planTrialNotice(subscription: Subscription, trialEnd: number): void {
    const at = Math.max(trialEnd - TRIAL_ENDS_SOON, subscription.trial_start ?? 0);
    // A notice is given once: a date that is past was told when it came.
    if (at < this.account.time.now) return;
    this.account.timeline.plan(`${subscription.id}:trial`, at, () =>
      this.account.emit('customer.subscription.trial_will_end', subscription),
    );
  }
}

function noCancellationDetails(): NonNullable<Subscription['cancellation_details']> {
  return { comment: null, feedback: null, feedback_option: null, reason: null };
}
