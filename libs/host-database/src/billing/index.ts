export { auditBilling } from './billing.audit.js';
export { DuplicateStripeIdError, PlanNotFoundError, SubscriptionNotFoundError } from './billing.errors.js';
export { BillingModule } from './billing.module.js';
export { type PlanFacts, PlansService } from './plans.service.js';
export { PricingPlan } from './pricing-plan.entity.js';
export {
  PAYMENT_TYPES,
  type PaymentType,
  Subscription,
  SUBSCRIPTION_STATUSES,
  type SubscriptionStatus,
} from './subscription.entity.js';
export { type SubscriptionFacts, SubscriptionsService } from './subscriptions.service.js';
