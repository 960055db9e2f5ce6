import { HostDatabaseError } from '../common/index.js';

/** There is no plan with this key. Nothing was written. */
export class PlanNotFoundError extends HostDatabaseError {
  readonly code = 'BILLING_PLAN_NOT_FOUND';

  constructor(readonly planId: string) {
    super(`There is no plan '${planId}'. Create it with PlansService.upsert(), or choose one of PlansService.findAll().`);
  }
}

/** There is no subscription with this id. */
export class SubscriptionNotFoundError extends HostDatabaseError {
  readonly code = 'BILLING_SUBSCRIPTION_NOT_FOUND';

  constructor(readonly subscriptionId: string) {
    super(`There is no subscription ${subscriptionId}. Pass the id of one of SubscriptionsService.findByTenant().`);
  }
}

/** The price or subscription id of Stripe is recorded elsewhere already. Nothing was written. */
export class DuplicateStripeIdError extends HostDatabaseError {
  readonly code = 'BILLING_DUPLICATE_STRIPE_ID';

  constructor(options: ErrorOptions) {
    super('This Stripe id belongs to another plan or tenant already. Each price and subscription is recorded once.', options);
  }
}
