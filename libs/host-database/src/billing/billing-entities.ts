import { AccessStanding, TenantTrial, UsageCounter } from './entitlements/index.js';
import { PricingPlan } from './pricing-plan.entity.js';
import { Subscription } from './subscription.entity.js';

/** What the room keeps in the host database. */
export const billingEntities = [Subscription, PricingPlan, TenantTrial, AccessStanding, UsageCounter] as const;
