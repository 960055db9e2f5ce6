import type { Invoice, PaymentMethod, Subscription, SubscriptionStatus } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { InvoiceOutcome, Invoices } from './invoices.js';
import type { PaymentAttempt, Payments } from './payments.js';

const DAY = 86_400;
/** How long a debit takes. */
const DEBIT_TAKES = 3 * DAY;

/** What collection does to a subscription. */
export interface CollectionEffects {
  methodOf(subscription: Subscription): PaymentMethod | undefined;
  setStatus(subscription: Subscription, status: SubscriptionStatus): void;
  cancel(subscription: Subscription): void;
  pause(subscription: Subscription): void;
}

/** Takes the money for invoices, again and again where it fails, and draws the conclusion for the subscription: dunning. */
export class Collection {
  constructor(
    private readonly account: StripeAccount,
    private readonly invoices: Invoices,
    private readonly payments: Payments,
    private readonly effects: CollectionEffects,
  ) {}

  /** Leaves an invoice as a draft for a while, as Stripe does with those of a renewal. */
  collectLater(invoice: Invoice, subscription: Subscription, seconds: number): void {
    // While unpaid, invoices stay drafts until somebody finalizes them.
    if (subscription.status === 'unpaid' || subscription.pause_collection?.behavior === 'keep_as_draft') {
      invoice.auto_advance = false;
      return;
    }
    const at = this.account.time.now + seconds;
    invoice.automatically_finalizes_at = at;
    this.account.timeline.plan(`${invoice.id}:finalize`, at, () => this.collect(invoice, subscription));
  }

  /** Finalizes a draft and tries to have it paid. */
  collect(invoice: Invoice, subscription: Subscription): void {
    this.invoices.finalize(invoice);
    const pause = subscription.pause_collection?.behavior;
    if (invoice.status === 'paid') this.concluded(subscription);
    else if (pause === 'void') this.invoices.void(invoice);
    else if (pause === 'mark_uncollectible') this.invoices.markUncollectible(invoice);
    else if (invoice.collection_method === 'charge_automatically') this.pay(invoice, subscription);
  }

  /** Tries to have an open invoice paid, now. */
  pay(invoice: Invoice, subscription: Subscription | undefined, method?: PaymentMethod): void {
    const outcome = this.invoices.pay(invoice, method ?? (subscription && this.effects.methodOf(subscription)));
    this.afterwards(invoice, subscription, outcome);
  }

  /** Has the bank decide about a debit, after days: it is paid unless the customer's payments are to fail then. */
  awaitDebit(invoice: Invoice, subscription: Subscription | undefined): void {
    this.account.timeline.plan(`${invoice.id}:debit`, this.account.time.now + DEBIT_TAKES, () => {
      const intent = this.invoices.intentOf(invoice);
      const method = this.account.paymentMethods.find(intent?.payment_method ?? '');
      if (!intent || !method || invoice.status !== 'open') return;
      const fails = this.payments.isToFail(this.account.customers.find(invoice.customer) ?? null);
      if (fails) this.payments.fail(intent, method);
      else this.payments.succeed(intent, method);
      this.settled(invoice, subscription, { intent, outcome: fails ? 'failed' : 'succeeded' });
    });
  }

  /** A payment that took days has ended. */
  settled(invoice: Invoice, subscription: Subscription | undefined, attempt: PaymentAttempt): void {
    this.afterwards(invoice, subscription, this.invoices.settle(invoice, attempt));
  }

  private afterwards(invoice: Invoice, subscription: Subscription | undefined, outcome: InvoiceOutcome): void {
    if (outcome === 'processing') this.awaitDebit(invoice, subscription);
    if (!subscription || outcome === 'processing') return;
    if (outcome === 'succeeded') this.concluded(subscription);
    else this.failed(invoice, subscription);
  }

  /** The newest invoice is paid: the subscription is in order again. */
  private concluded(subscription: Subscription): void {
    const latest = this.account.invoices.find(subscription.latest_invoice ?? '');
    if (latest?.status !== 'paid') return;
    if (['incomplete', 'past_due', 'unpaid'].includes(subscription.status)) this.effects.setStatus(subscription, 'active');
  }

  private failed(invoice: Invoice, subscription: Subscription): void {
    // The first payment is repeated by the customer alone.
    if (subscription.status === 'incomplete' || subscription.status === 'canceled') return;
    if (subscription.status === 'active' || subscription.status === 'trialing') this.effects.setStatus(subscription, 'past_due');
    const { retryAfterDays } = this.account.dunning;
    const days = retryAfterDays[invoice.attempt_count - 1];
    if (days === undefined) {
      this.giveUp(subscription);
      return;
    }
    const at = this.account.time.now + days * DAY;
    this.account.change(invoice, 'invoice.updated', (one) => {
      one.next_payment_attempt = at;
    });
    this.account.timeline.plan(`${invoice.id}:retry`, at, () => this.pay(invoice, subscription));
  }

  private giveUp(subscription: Subscription): void {
    if (subscription.status !== 'past_due') return;
    const end = this.account.dunning.finally;
    if (end === 'canceled') this.effects.cancel(subscription);
    if (end === 'paused') this.effects.pause(subscription);
    if (end === 'unpaid') this.effects.setStatus(subscription, 'unpaid');
  }
}
