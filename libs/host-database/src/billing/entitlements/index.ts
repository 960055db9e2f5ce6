export { AccessStanding, type Standing } from './access-standing.entity.js';
export { AccessStandings } from './access-standings.js';
export { BillingChanges, billingChangesProvider } from './billing-changes.js';
export { BillingChangesSubscriber } from './billing-changes.subscriber.js';
export { EntitlementReader } from './entitlement-facts.js';
export type { EntitlementSnapshot } from './entitlement-snapshot.js';
export { EntitlementSnapshotSubscriber } from './entitlement-snapshot.subscriber.js';
export {
  PaymentRequiredError,
  type PaymentRequiredFacts,
  TrialUsedError,
  UsageLimitReachedError,
} from './entitlements.errors.js';
export { Entitlements } from './entitlements.service.js';
export type { Grants } from './grants.js';
export type { PaymentRequirement } from './payment-requirement.js';
export { type DryRunOptions, type PlanApplication, PlanApplications } from './plan-applications.js';
export { type AllowedFor, TenantEntitlements } from './tenant-entitlements.js';
export { TenantTrial } from './tenant-trial.entity.js';
export { type NewTrial, TrialsService } from './trials.service.js';
export { UsageCounter } from './usage-counter.entity.js';
export { type CountedLimit, type Usage, UsageLimits } from './usage-limits.service.js';
