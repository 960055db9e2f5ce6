import { AccessStanding, TenantTrial, UsageCounter } from './entitlements/index.js';
import { Checkout } from './payments/checkout.entity.js';
import { StripeCustomer } from './payments/stripe-customer.entity.js';
import { PlanPrice } from './plan-price.entity.js';
import { PricingPlan } from './pricing-plan.entity.js';
import { StripeEvent } from './stripe/inbox/stripe-event.entity.js';
import { StripeSync } from './stripe/sync/stripe-sync.entity.js';
import { Subscription } from './subscription.entity.js';

/** What the room keeps in the host database. */
export const billingEntities = [
  Subscription,
  PricingPlan,
  PlanPrice,
  TenantTrial,
  AccessStanding,
  UsageCounter,
  StripeEvent,
  StripeSync,
  StripeCustomer,
  Checkout,
] as const;
