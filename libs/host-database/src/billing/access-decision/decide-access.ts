import { ACCESS_LEVELS, type AccessDecision } from './access-decision.js';
import type { AccessPolicy } from './access-policy.js';
import { decidePurchase } from './decide-purchase.js';
import { decideSubscription } from './decide-subscription.js';
import type { SubscriptionState, TrialState } from './subscription-state.js';

/** What a tenant has: the host's trial, and what it has bought, or nothing. */
export interface AccessFacts<S extends SubscriptionState = SubscriptionState> {
  readonly subscriptions: readonly S[];
  readonly trial?: TrialState | undefined;
}

/** When, and by which rules. */
export interface AccessRules {
  readonly now: Date;
  readonly policy: AccessPolicy;
}

/** What was decided, and by which of the subscriptions; undefined where that was the trial, or nothing. */
export interface DecidedAccess<S extends SubscriptionState = SubscriptionState> {
  readonly decision: AccessDecision;
  readonly subscription: S | undefined;
}

const NOTHING: AccessDecision = {
  level: 'blocked',
  reason: 'no-subscription',
  status: 'none',
  until: null,
  graceUntil: null,
  needsRefresh: false,
};

/**
 * Decides how much access a tenant has: as much as the best of what it has gives. Of two that give the same the one that comes first decides;
 * a subscription before the host's trial. Reads no clock and no database: the same facts at the same time decide the same.
 */
export function decideAccess<S extends SubscriptionState>(facts: AccessFacts<S>, rules: AccessRules): DecidedAccess<S> {
  let best: DecidedAccess<S> | undefined;
  const consider = (decision: AccessDecision, subscription: S | undefined) => {
    if (!best || rankOf(decision) < rankOf(best.decision)) best = { decision, subscription };
  };
  for (const subscription of facts.subscriptions) consider(decideOne(subscription, rules), subscription);
  if (facts.trial) consider(decideTrial(facts.trial, rules.now), undefined);
  return best ?? { decision: NOTHING, subscription: undefined };
}

/** Decides by one subscription or purchase alone. */
export function decideOne(subscription: SubscriptionState, rules: AccessRules): AccessDecision {
  return subscription.paymentType === 'one_time'
    ? decidePurchase(subscription, rules.policy)
    : decideSubscription(subscription, rules);
}

function decideTrial({ endsAt }: TrialState, now: Date): AccessDecision {
  const common = { status: 'trial', graceUntil: null, needsRefresh: false };
  // An end that is no date has passed.
  return now.getTime() < endsAt.getTime()
    ? { ...common, level: 'full', reason: 'trial', until: endsAt }
    : { ...common, level: 'blocked', reason: 'trial-ended', until: null };
}

function rankOf({ level }: AccessDecision): number {
  return ACCESS_LEVELS.indexOf(level);
}
