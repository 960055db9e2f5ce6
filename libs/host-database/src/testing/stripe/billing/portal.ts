import { stripeId } from '../account/ids.js';
import type { PortalSession, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Params } from '../http/params.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { SubscriptionLifecycle } from './lifecycle.js';
import { periodBounds } from './subscription-draft.js';

/** The customer portal, and what customers do in it. */
export class Portal {
  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
  ) {}

  create(params: Params): PortalSession {
    params.only('customer', 'return_url', 'configuration', 'locale');
    const id = stripeId('bps');
    const session = this.account.portalSessions.add({
      id,
      object: 'billing_portal.session',
      configuration: params.text('configuration') ?? 'bpc_fake',
      created: this.account.time.now,
      customer: this.account.customers.named(params.requiredText('customer'), 'customer').id,
      customer_account: null,
      flow: null,
      livemode: false,
      locale: null,
      on_behalf_of: null,
      return_url: params.text('return_url') ?? null,
      url: `${this.account.baseUrl}/p/session/${id}`,
    });
    this.account.emit('billing_portal.session.created', session);
    return session;
  }

  /** Cancels for the end of the period, in the way of flexible billing. */
  cancel(subscriptionId: string): void {
    const subscription = this.going(subscriptionId);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      const end = one.status === 'trialing' && one.trial_end !== null ? one.trial_end : periodBounds(one).max;
      one.cancel_at = end;
      // Classic billing still says it with the flag.
      one.cancel_at_period_end = one.billing_mode.type === 'classic';
      one.canceled_at = this.account.time.now;
      one.cancellation_details = { comment: null, feedback: null, feedback_option: null, reason: 'cancellation_requested' };
    });
    this.lifecycle.plan(subscription);
  }

  renew(subscriptionId: string): void {
    const subscription = this.going(subscriptionId);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.cancel_at = null;
      one.cancel_at_period_end = false;
      one.canceled_at = null;
      one.cancellation_details = { comment: null, feedback: null, feedback_option: null, reason: null };
    });
    this.lifecycle.plan(subscription);
  }

  private going(id: string): Subscription {
    const subscription = this.account.subscriptions.get(id);
    if (subscription.status !== 'canceled') return subscription;
    throw new FakeStripeRefusedError(`The subscription ${id} is canceled: the portal does not show it any more.`);
  }
}
