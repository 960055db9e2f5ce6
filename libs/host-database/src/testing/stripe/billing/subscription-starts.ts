import type { Customer, Invoice, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { cardDeclined } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { countRedemption, draftDiscount, type RedeemedCoupon, useUpDiscounts } from './discounts.js';
import type { Invoices } from './invoices.js';
import { periodLines, trialLines } from './item-lines.js';
import type { SubscriptionLifecycle } from './lifecycle.js';
import type { PaymentAttempt, Payments } from './payments.js';
import { draftSubscription, type NewSubscription } from './subscription-draft.js';

type PaymentBehavior = 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';

/** How a subscription begins. */
export interface StartFacts extends NewSubscription {
  readonly paymentBehavior?: PaymentBehavior | undefined;
  readonly coupons?: readonly RedeemedCoupon[];
  readonly session?: string;
}

/** How subscriptions begin. */
export class SubscriptionStarts {
  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
    private readonly invoices: Invoices,
    private readonly payments: Payments,
  ) {}

  /** Begins a subscription, and takes the first payment where there is one to take. */
  start(facts: StartFacts): Subscription {
    const { customer, paymentBehavior = 'allow_incomplete', coupons = [], session } = facts;
    const subscription = draftSubscription(this.account, facts);
    const isTrial = subscription.trial_end !== null;
    if (!isTrial && paymentBehavior !== 'default_incomplete') this.requireMethod(subscription, facts);
    const redemption = { customer: customer.id, subscription: subscription.id, ...(session && { session }) };
    const discounts = coupons.map((coupon) => ({ coupon, discount: draftDiscount(this.account, coupon, redemption) }));
    subscription.discounts = discounts.map(({ discount }) => discount.id);
    const invoice = this.lifecycle.draft(
      subscription,
      isTrial ? trialLines(subscription) : periodLines(subscription),
      'subscription_create',
    );
    const attempt =
      invoice.amount_due > 0 && paymentBehavior !== 'default_incomplete'
        ? this.firstPayment(invoice, subscription, customer)
        : undefined;
    const isUnpaid = attempt?.outcome === 'failed' || attempt?.outcome === 'requires_action';
    if (isUnpaid && paymentBehavior === 'error_if_incomplete') throw cardDeclined();
    for (const { coupon, discount } of discounts) countRedemption(this.account, coupon, discount);
    const awaits = invoice.amount_due > 0 && (attempt === undefined || isUnpaid);
    subscription.status = isTrial ? 'trialing' : awaits ? 'incomplete' : 'active';
    subscription.latest_invoice = invoice.id;
    this.account.subscriptions.add(subscription);
    this.account.emit('customer.subscription.created', subscription);
    this.invoices.open(invoice);
    this.invoices.finalize(invoice);
    if (attempt) this.invoices.settle(invoice, attempt);
    // Of a checkout session, its own debit is awaited.
    if (attempt?.outcome === 'processing' && session === undefined) this.lifecycle.awaitDebit(invoice, subscription);
    else if (invoice.amount_due > 0) this.invoices.awaitPayment(invoice);
    if (!isTrial) useUpDiscounts(this.account, subscription);
    this.lifecycle.plan(subscription);
    return subscription;
  }

  private requireMethod(subscription: Subscription, { collectionMethod }: StartFacts): void {
    const isFree = subscription.items.data.every((item) => item.price.unit_amount === 0);
    if (isFree || collectionMethod === 'send_invoice' || this.lifecycle.paymentMethodOf(subscription)) return;
    throw new FakeStripeRefusedError('This customer has no attached payment source or default payment method.', {
      stripeCode: 'resource_missing',
    });
  }

  private firstPayment(invoice: Invoice, subscription: Subscription, customer: Customer): PaymentAttempt {
    return this.payments.attempt({
      customer,
      method: this.lifecycle.paymentMethodOf(subscription),
      amount: invoice.amount_due,
      currency: invoice.currency,
      description: 'Subscription creation',
    });
  }
}
