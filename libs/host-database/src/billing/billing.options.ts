import { assertWholeOption, InvalidOptionError, withDefaults } from '../common/index.js';
import { type AccessPolicy, resolveAccessPolicy } from './access-decision/index.js';
import { assertLimits } from './features/assert-limits.js';
import { defineFeatures, type FeatureDefinitions } from './features/features.js';
import type { LimitDefinitions } from './features/limits.js';
import { type ResolvedStripeOptions, resolveStripeOptions, type StripeOptions } from './stripe/stripe.options.js';

/** Injection token of the room's options, resolved. */
export const BILLING_OPTIONS = Symbol('nestjs-host-database:billing-options');

/** What plans include, who has it, and how payments are followed. */
export interface BillingOptions {
  /** For how many days a subscription gives access although a payment is missing. @default 14, as long as Stripe tries again */
  readonly graceDays?: number;
  /** What plans can include; see `defineFeatures()`. */
  readonly features?: FeatureDefinitions;
  /** What plans include so many of; see `defineLimits()`. */
  readonly limits?: LimitDefinitions;
  /** What is granted where the status of a subscription alone does not say. */
  readonly policy?: Partial<Omit<AccessPolicy, 'graceDays'>>;
  /** The plan whose features and limits a tenant has that pays for none; where there is no such plan, it has no features. @default 'free' */
  readonly freePlan?: string;
  /** The plan that each new tenant has on trial, for its `trialDays`. @default none: `TrialsService.start()` gives them */
  readonly trialPlan?: string;
  /** Where a tenant can pay, for those who are refused. */
  readonly portalUrl?: (tenantId: string) => string;
  /** How Stripe is reached. Without it the application writes its subscriptions itself. */
  readonly stripe?: StripeOptions;
  /** What a process remembers of what tenants have. */
  readonly memory?: Partial<EntitlementMemoryOptions>;
}

/** How much a process remembers of what tenants have. */
export interface EntitlementMemoryOptions {
  /** Of how many tenants; for one more, the one that nobody has asked for longest is forgotten. @default 10_000 */
  readonly maxEntries: number;
  /**
   * For how long it counts at most, while this process hears of changes; where it does not hear, nothing counts. It bounds what a
   * notification that was lost unnoticed can do. 0 remembers nothing. @default 60_000
   */
  readonly ttlMs: number;
}

export interface ResolvedBillingOptions {
  readonly features: FeatureDefinitions;
  readonly limits: LimitDefinitions;
  readonly policy: AccessPolicy;
  readonly freePlan: string;
  readonly trialPlan: string | undefined;
  readonly portalUrl: ((tenantId: string) => string) | undefined;
  readonly memory: EntitlementMemoryOptions;
  /** None where Stripe has no part in it. */
  readonly stripe: ResolvedStripeOptions | undefined;
}

const MEMORY: EntitlementMemoryOptions = { maxEntries: 10_000, ttlMs: 60_000 };
const LEAST = { maxEntries: 1, ttlMs: 0 } as const;

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveBillingOptions({
  graceDays,
  features = {},
  limits = {},
  policy,
  freePlan = 'free',
  trialPlan,
  portalUrl,
  memory,
  stripe,
}: BillingOptions = {}): ResolvedBillingOptions {
  if (portalUrl !== undefined && typeof portalUrl !== 'function') {
    throw new InvalidOptionError(
      'billing.portalUrl',
      'is no function. Pass one that takes the id of a tenant and returns an address.',
    );
  }
  const remembered = withDefaults({ ...MEMORY }, memory);
  for (const [name, least] of Object.entries(LEAST)) {
    assertWholeOption(`billing.memory.${name}`, remembered[name as keyof typeof LEAST], least);
  }
  return {
    features: defineFeatures(features),
    limits: assertLimits(limits),
    policy: resolveAccessPolicy({ ...policy, graceDays }),
    freePlan,
    trialPlan,
    portalUrl,
    memory: remembered,
    stripe: resolveStripeOptions(stripe),
  };
}
