import type { PricingPlan } from '../pricing-plan.entity.js';

/** What a plan included when a tenant got it. It is the tenant's until somebody asks for the plan as it is now to be applied. */
export interface EntitlementSnapshot {
  readonly planId: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly tierLevel: number;
}

/** Copies what a plan includes now. */
export function snapshotOf({ id, features, limits, tierLevel }: PricingPlan): EntitlementSnapshot {
  return { planId: id, features: features.toSorted(), limits: { ...limits }, tierLevel: tierLevel ?? 1 };
}

/** Whether two say the same. */
export function isSameSnapshot(one: EntitlementSnapshot | null | undefined, other: EntitlementSnapshot): boolean {
  if (!one || one.planId !== other.planId || one.tierLevel !== other.tierLevel) return false;
  return listOf(one) === listOf(other);
}

/** A database may keep keys in another order. */
function listOf({ features, limits }: EntitlementSnapshot): string {
  return JSON.stringify([features.toSorted(), Object.entries(limits).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
