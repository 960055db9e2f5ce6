import type { Invoice, InvoiceLine, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { planChange, type PlannedChange, type SubscriptionChange } from './change-plan.js';
import { nextLines, periodLines, unusedLines } from './item-lines.js';
import type { SubscriptionLifecycle } from './lifecycle.js';
import { periodEnd } from './periods.js';

/** Changes of what is subscribed to, and what they cost. */
export class SubscriptionChanges {
  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
  ) {}

  /** Makes a change of items, together with whatever else `mutate` changes: one event tells of it all. */
  apply(subscription: Subscription, change: SubscriptionChange, mutate: (subscription: Subscription) => void): void {
    if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') {
      throw new FakeStripeRefusedError('A canceled subscription can only update its cancellation_details and metadata.', {
        param: 'id',
      });
    }
    const now = this.account.time.now;
    const planned = planChange(subscription, change, now);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.items.data = planned.items;
      one.billing_cycle_anchor = planned.anchor;
      if (change.endTrial === true) {
        one.status = 'active';
        one.trial_end = now;
      }
      mutate(one);
    });
    this.addPending(subscription, planned.prorations);
    this.lifecycle.plan(subscription);
    if (planned.invoiceNow) this.lifecycle.invoiceNow(subscription, planned.periods, 'subscription_update');
  }

  /** What a change would be invoiced with: at once where it is invoiced at once, else with the next period. */
  preview(subscription: Subscription, change: SubscriptionChange): Invoice {
    const planned = planChange(subscription, change, this.account.time.now);
    const after = subscriptionAfter(subscription, planned);
    const pending = [...(this.account.pendingLines.get(subscription.id) ?? []), ...planned.prorations];
    if (planned.invoiceNow) return this.lifecycle.draft(after, [...pending, ...planned.periods], 'subscription_update');
    if (subscription.cancel_at !== null) return this.lifecycle.draft(after, pending, 'upcoming');
    return this.lifecycle.draft(after, [...pending, ...nextLines(after)], 'upcoming');
  }

  /**
   * Refuses a change that is invoiced at once to who cannot pay for it.
   *
   * @throws FakeStripeRefusedError `card_declined`
   */
  requirePayment(subscription: Subscription, change: SubscriptionChange): void {
    if (!planChange(subscription, change, this.account.time.now).invoiceNow) return;
    if (this.preview(subscription, change).amount_due > 0) this.lifecycle.requireFunds(subscription);
  }

  /** Pauses a subscription; the rest of the period is given back with the next invoice. */
  pause(subscription: Subscription, { credit }: { readonly credit: boolean }): void {
    if (!['active', 'past_due', 'trialing', 'unpaid'].includes(subscription.status)) {
      throw new FakeStripeRefusedError(`This subscription is ${subscription.status}, and cannot be paused.`);
    }
    if (credit && subscription.status === 'active') {
      this.addPending(subscription, unusedLines(subscription, this.account.time.now));
    }
    this.lifecycle.pause(subscription, 'pause_requested');
  }

  /** Has a paused subscription go on, with a new period that is invoiced at once or with the old one. */
  resume(subscription: Subscription, { anchor }: { readonly anchor: 'now' | 'unchanged' }): void {
    if (subscription.status !== 'paused') {
      throw new FakeStripeRefusedError(`This subscription is ${subscription.status}: only paused ones can be resumed.`);
    }
    const now = this.account.time.now;
    const isOver = subscription.items.data.some((item) => item.current_period_end <= now);
    const restarts = anchor === 'now' || isOver;
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.status = 'active';
      delete one.status_details;
      if (anchor === 'now') one.billing_cycle_anchor = now;
      for (const item of restarts ? one.items.data : []) {
        item.current_period_start = now;
        item.current_period_end = periodEnd(one.billing_cycle_anchor, item.price.recurring!, now);
      }
    });
    this.account.emit('customer.subscription.resumed', subscription);
    this.lifecycle.plan(subscription);
    if (restarts) this.lifecycle.invoiceNow(subscription, periodLines(subscription), 'subscription_update');
  }

  /** Ends a subscription now, with an invoice for what is open where that is asked for. */
  cancelNow(
    subscription: Subscription,
    { prorate, invoiceNow }: { readonly prorate: boolean; readonly invoiceNow: boolean },
  ): void {
    if (subscription.status === 'canceled')
      throw new FakeStripeRefusedError(`No such subscription: '${subscription.id}'`, {
        status: 404,
        stripeCode: 'resource_missing',
        param: 'id',
      });
    if (prorate && subscription.status === 'active') {
      this.addPending(subscription, unusedLines(subscription, this.account.time.now));
    }
    if (invoiceNow && this.account.pendingLines.has(subscription.id))
      this.lifecycle.invoiceNow(subscription, [], 'subscription_update');
    this.lifecycle.cancel(subscription, 'cancellation_requested');
  }

  private addPending(subscription: Subscription, lines: readonly InvoiceLine[]): void {
    if (lines.length === 0) return;
    this.account.pendingLines.set(subscription.id, [...(this.account.pendingLines.get(subscription.id) ?? []), ...lines]);
  }
}

function subscriptionAfter(subscription: Subscription, { items, anchor }: PlannedChange): Subscription {
  return { ...subscription, billing_cycle_anchor: anchor, items: { ...subscription.items, data: items } };
}
