import type { Feature } from '../features/index.js';
import type { AllowedFor, TenantEntitlements } from './tenant-entitlements.js';

/** What has to be paid for. All that is named has to hold. */
export interface PaymentRequirement extends AllowedFor {
  /** Whether there has to be access by a subscription, a purchase or a trial. */
  readonly subscription?: boolean;
  readonly features?: readonly Feature[];
  /** The least level of the plan. */
  readonly tierLevel?: number;
}

/** Names the first that does not hold: `subscription`, `feature:<key>` or `tier:<level>`; undefined where all do. */
export function unmetOf(
  entitlements: TenantEntitlements,
  { subscription = false, features = [], tierLevel = 0, toRead = false }: PaymentRequirement,
): string | undefined {
  if (subscription && !entitlements.isOpen({ toRead })) return 'subscription';
  const missing = features.find((feature) => !entitlements.allows(feature, { toRead }));
  if (missing !== undefined) return `feature:${missing}`;
  return entitlements.allowsTier(tierLevel, { toRead }) ? undefined : `tier:${tierLevel}`;
}
