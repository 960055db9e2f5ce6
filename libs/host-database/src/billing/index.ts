export { auditBilling } from './billing.audit.js';
export { DuplicateStripeIdError, PlanNotFoundError, SubscriptionNotFoundError } from './billing.errors.js';
export { BillingModule } from './billing.module.js';
export {
  BILLING_OPTIONS,
  type BillingOptions,
  type EntitlementMemoryOptions,
  type ResolvedBillingOptions,
  resolveBillingOptions,
} from './billing.options.js';
// Whole, so that an application can extend FeatureTypes and LimitTypes through this door.
export * from './features/index.js';
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
export {
  ACCESS_LEVELS,
  type AccessDecision,
  type AccessFacts,
  type AccessLevel,
  AccessPolicy,
  type AccessReason,
  type AccessRules,
  decideAccess,
  type DecidedAccess,
  resolveAccessPolicy,
  type SubscriptionState,
  type TrialState,
} from './access-decision/index.js';
