import { HostDatabaseError } from '../../common/index.js';
import type { BillingInterval } from '../plan-price.entity.js';

/** A plan has no price at Stripe for this interval. */
export class PlanPriceNotFoundError extends HostDatabaseError {
  readonly code = 'BILLING_PLAN_PRICE_NOT_FOUND';

  constructor(
    readonly planId: string,
    readonly interval: BillingInterval,
  ) {
    super(
      `The plan '${planId}' has no price at Stripe for each ${interval}. Set it with PlansService.upsert(), or make it with PlanSynchronization.push().`,
    );
  }
}

/** The tenant has a live subscription, and cannot buy a second one. Nothing was started. */
export class LiveSubscriptionExistsError extends HostDatabaseError {
  readonly code = 'BILLING_LIVE_SUBSCRIPTION_EXISTS';

  constructor(
    readonly tenantId: string,
    readonly subscriptionId: string,
  ) {
    super(
      `Tenant ${tenantId} has the subscription ${subscriptionId} already. Change it with SubscriptionChanges.change(), or send its owner to CustomerPortal.open().`,
    );
  }
}

/** The tenant has no live subscription that Stripe knows of. Nothing was changed. */
export class NoStripeSubscriptionError extends HostDatabaseError {
  readonly code = 'BILLING_NO_STRIPE_SUBSCRIPTION';

  constructor(readonly tenantId: string) {
    super(`Tenant ${tenantId} has no live subscription at Stripe. Start one with Checkouts.start().`);
  }
}

/** Another request for the same checkout is still waiting for Stripe. Nothing was started beside it. */
export class CheckoutUnderWayError extends HostDatabaseError {
  readonly code = 'BILLING_CHECKOUT_UNDER_WAY';

  constructor(
    readonly tenantId: string,
    options?: ErrorOptions,
  ) {
    super(`Stripe has not answered yet to the checkout that was started for tenant ${tenantId}. Try again in a moment.`, options);
  }
}

/** The checkout is paid already: what was bought is about to arrive. Nothing was started. */
export class CheckoutPaidError extends HostDatabaseError {
  readonly code = 'BILLING_CHECKOUT_PAID';

  constructor(
    readonly tenantId: string,
    readonly stripeCheckoutId: string,
  ) {
    super(`Checkout ${stripeCheckoutId} of tenant ${tenantId} is paid. Wait until its webhook is applied, and look again.`);
  }
}

/** An answer of Stripe's lacks what has to be in it. */
export class UnexpectedStripeAnswerError extends HostDatabaseError {
  readonly code = 'BILLING_UNEXPECTED_STRIPE_ANSWER';

  constructor(
    readonly objectId: string,
    readonly field: string,
  ) {
    super(`Stripe's ${objectId} has no usable ${field}. Look at it in the dashboard, and whether the library is up to date.`);
  }
}
