export { auditBilling } from './billing.audit.js';
export { billingEntities } from './billing-entities.js';
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
export {
  AccessStanding,
  type AllowedFor,
  type CountedLimit,
  type DryRunOptions,
  Entitlements,
  type EntitlementSnapshot,
  EntitlementSnapshotSubscriber,
  type Grants,
  type NewTrial,
  PaymentRequiredError,
  type PaymentRequiredFacts,
  type PaymentRequirement,
  type PlanApplication,
  type Standing,
  TenantEntitlements,
  TenantTrial,
  TrialsService,
  TrialUsedError,
  type Usage,
  UsageCounter,
  UsageLimitReachedError,
  UsageLimits,
} from './entitlements/index.js';
export type { PlanChange, PlanDifference } from './plan-differences.js';
export type { PlanFacts } from './plan-facts.js';
export { PlansService } from './plans.service.js';
export { BILLING_INTERVALS, type BillingInterval, PlanPrice } from './plan-price.entity.js';
export { PricingPlan } from './pricing-plan.entity.js';
export { Checkout, CHECKOUT_STATUSES, type CheckoutStatus } from './payments/checkout.entity.js';
export {
  CheckoutPaidError,
  CheckoutUnderWayError,
  LiveSubscriptionExistsError,
  NoStripeSubscriptionError,
  PlanPriceNotFoundError,
  UnexpectedStripeAnswerError,
} from './payments/payments.errors.js';
export type { NewCheckout, NewPurchase } from './payments/checkout-parameters.js';
export { Checkouts, type StartedCheckout } from './payments/checkouts.js';
export { CustomerPortal } from './payments/customer-portal.js';
export { StripeCustomers } from './payments/stripe-customers.js';
export {
  type ChangeAtPeriodEnd,
  type ImmediateChange,
  type Proration,
  PRORATIONS,
  SubscriptionChanges,
  type WantedSubscription,
} from './payments/subscription-changes.js';
export type { PreviewLine, SubscriptionPreview } from './payments/subscription-preview.js';
export { PlanPrices } from './payments/plan-prices.js';
export { StripeCustomer } from './payments/stripe-customer.entity.js';
export { STRIPE_EVENT_STATUSES, StripeEvent, type StripeEventStatus } from './stripe/inbox/stripe-event.entity.js';
export { StripeCallInTransactionError, StripeNotConfiguredError, StripePackageMissingError } from './stripe/stripe.errors.js';
export type { ResolvedStripeOptions, StripeConnection, StripeOptions } from './stripe/stripe.options.js';
export { StripeSync } from './stripe/sync/stripe-sync.entity.js';
export {
  DISPUTE_STATES,
  LIVE_SUBSCRIPTION_STATUSES,
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
