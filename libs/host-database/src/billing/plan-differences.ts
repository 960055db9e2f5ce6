import type { PlanFacts } from './plan-facts.js';
import type { PricingPlan } from './pricing-plan.entity.js';

/** What a fact of a plan is, and what it is to be. */
export interface PlanChange {
  readonly from: unknown;
  readonly to: unknown;
}

/** How a plan differs from what is given of it. */
export interface PlanDifference {
  readonly planId: string;
  readonly kind: 'created' | 'changed';
  readonly changes: Readonly<Partial<Record<keyof PlanFacts, PlanChange>>>;
}

/** Compares a plan with what is given of it, which is checked already; undefined where it says the same. */
export function differenceOf(existing: PricingPlan | null, planId: string, facts: PlanFacts): PlanDifference | undefined {
  const changes: Partial<Record<keyof PlanFacts, PlanChange>> = {};
  for (const [key, to] of Object.entries(facts) as [keyof PlanFacts, unknown][]) {
    const from = existing ? (existing[key] ?? null) : null;
    if (to !== undefined && textOf(from) !== textOf(to)) changes[key] = { from, to };
  }
  if (!existing) return { planId, kind: 'created', changes };
  return Object.keys(changes).length > 0 ? { planId, kind: 'changed', changes } : undefined;
}

/** The order of features, and that of the keys of limits, says nothing. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify((value as string[]).toSorted());
  if (typeof value === 'object' && value !== null) {
    return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  return JSON.stringify(value);
}
