import type { EntitlementSnapshot } from './entitlement-snapshot.js';

/** What a tenant may use, and how much of it. */
export interface Grants {
  readonly planId: string | null;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly tierLevel: number;
}

/** Nothing to use. What is counted is not limited here: who has no access is refused before anything is counted. */
export const NO_GRANTS: Grants = { planId: null, features: new Set(), limits: {}, tierLevel: 0 };

export function grantsOf({ planId, features, limits, tierLevel }: EntitlementSnapshot): Grants {
  return { planId, features: new Set(features), limits, tierLevel };
}

/** The same, with what is included in others beside it. Limits stay: a purchase raises none by saying nothing of it. */
export function withFeaturesOf(grants: Grants, others: readonly Grants[]): Grants {
  if (others.length === 0) return grants;
  return { ...grants, features: new Set([...grants.features, ...others.flatMap(({ features }) => [...features])]) };
}
