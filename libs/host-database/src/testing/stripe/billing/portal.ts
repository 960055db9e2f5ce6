import { stripeId } from '../account/ids.js';
import type { PortalSession, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Params } from '../http/params.js';
import { parameterMissing } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { SubscriptionLifecycle } from './lifecycle.js';
import { periodBounds } from './subscription-draft.js';

const FLOWS = ['payment_method_update', 'subscription_cancel', 'subscription_update'] as const;

/** The customer portal, and what customers do in it. */
export class Portal {
  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
  ) {}

  create(params: Params): PortalSession {
    params.only('customer', 'return_url', 'configuration', 'locale', 'flow_data');
    const id = stripeId('bps');
    const flow = params.part('flow_data');
    const session = this.account.portalSessions.add({
      id,
      object: 'billing_portal.session',
      configuration: params.text('configuration') ?? 'bpc_fake',
      created: this.account.time.now,
      customer: this.account.customers.named(params.requiredText('customer'), 'customer').id,
      customer_account: null,
      flow: flow ? this.flowOf(flow) : null,
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

  /** What the customer is to do there, and with which subscription. */
  private flowOf(flow: Params): NonNullable<PortalSession['flow']> {
    const type = flow.only('type', 'subscription_cancel', 'subscription_update').oneOf('type', FLOWS);
    if (!type) throw parameterMissing(flow.nameOf('type'));
    const about = type === 'payment_method_update' ? undefined : this.subscriptionOf(flow, type);
    return {
      after_completion: { hosted_confirmation: null, redirect: null, type: 'portal_homepage' },
      customer_update: null,
      subscription_cancel: about && type === 'subscription_cancel' ? { retention: null, subscription: about } : null,
      subscription_pause: null,
      subscription_update: about && type === 'subscription_update' ? { subscription: about } : null,
      subscription_update_confirm: null,
      type,
    };
  }

  private subscriptionOf(flow: Params, type: 'subscription_cancel' | 'subscription_update'): string {
    const part = flow.part(type)?.only('subscription');
    if (!part) throw parameterMissing(flow.nameOf(type));
    return this.account.subscriptions.named(part.requiredText('subscription'), part.nameOf('subscription')).id;
  }

  private going(id: string): Subscription {
    const subscription = this.account.subscriptions.get(id);
    if (subscription.status !== 'canceled') return subscription;
    throw new FakeStripeRefusedError(`The subscription ${id} is canceled: the portal does not show it any more.`);
  }
}
