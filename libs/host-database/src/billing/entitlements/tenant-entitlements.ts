import type { AccessDecision, AccessRules } from '../access-decision/index.js';
import { decideAccess, decideOne } from '../access-decision/decide-access.js';
import type { Feature, Limit } from '../features/index.js';
import type { Standing } from './access-standing.entity.js';
import type { EntitlementFacts, HeldFacts } from './entitlement-facts.js';
import { type Grants, NO_GRANTS, withFeaturesOf } from './grants.js';

/** For what something is asked. */
export interface AllowedFor {
  /** Whether it is only read, which is open also while access is restricted. @default false */
  readonly toRead?: boolean;
}

/** What a tenant may use at one moment. It does not change: what is so later is another one. */
export class TenantEntitlements {
  /** How much access there is, why, and until when: what a banner shows. */
  readonly access: AccessDecision;
  /** What is included in what the tenant has, whatever its access is now; undefined where it has nothing that gives any. */
  readonly held: Grants | undefined;
  private readonly free: Grants | undefined;

  constructor(
    readonly tenantId: string,
    facts: EntitlementFacts,
    rules: AccessRules,
  ) {
    this.access = decideAccess(facts, rules).decision;
    this.free = facts.free;
    this.held = grantsHeld(facts, rules);
  }

  /** Let in, let in to read, or refused. */
  get standing(): Standing {
    const { level } = this.access;
    return level === 'full' || level === 'grace' ? 'open' : level;
  }

  /** The plan whose features and limits count now; null where none does. */
  get planId(): string | null {
    return this.current?.planId ?? null;
  }

  /** The features that may be used now. */
  get features(): ReadonlySet<Feature> {
    const usable = this.current ?? NO_GRANTS;
    return (this.isOpen() && this.free ? withFeaturesOf(usable, [this.free]) : usable).features as ReadonlySet<Feature>;
  }

  /** The level of the plan that counts now; 0 where none does. */
  get tierLevel(): number {
    return this.current?.tierLevel ?? 0;
  }

  /** Whether the subscription gives access now. */
  isOpen({ toRead = false }: AllowedFor = {}): boolean {
    return this.standing === 'open' || (toRead && this.standing === 'restricted');
  }

  /** Whether a feature may be used now: what is free may be, whatever is paid. */
  allows(feature: Feature, allowedFor?: AllowedFor): boolean {
    return (this.isOpen(allowedFor) && this.held?.features.has(feature)) || this.free?.features.has(feature) || false;
  }

  /** Whether what this tier includes may be used now. */
  allowsTier(tierLevel: number, allowedFor?: AllowedFor): boolean {
    const held = this.isOpen(allowedFor) ? (this.held?.tierLevel ?? 0) : 0;
    return Math.max(held, this.free?.tierLevel ?? 0) >= tierLevel;
  }

  /** How many there may be now: undefined where that is not limited, 0 where nothing is paid for and nothing is free. */
  limitOf(limit: Limit): number | undefined {
    return this.current ? this.current.limits[limit] : 0;
  }

  /** What counts now. */
  private get current(): Grants | undefined {
    return this.isOpen() ? this.held : this.free;
  }
}

/** What is included in what gives access, also where that is restricted; undefined where nothing gives any. */
export function grantsHeld({ subscriptions, trial }: HeldFacts, rules: AccessRules): Grants | undefined {
  const { decision, subscription } = decideAccess({ subscriptions, trial }, rules);
  if (decision.level === 'blocked') return undefined;
  const base = subscription ? subscription.grants : (trial?.grants ?? NO_GRANTS);
  // What was bought once, beside a subscription.
  const beside = subscriptions.filter(
    (other) => other !== subscription && other.paymentType === 'one_time' && decideOne(other, rules).level === decision.level,
  );
  return withFeaturesOf(
    base,
    beside.map(({ grants }) => grants),
  );
}
