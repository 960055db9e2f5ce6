import type { AccessDecision, AccessReason } from './access-decision.js';
import type { AccessPolicy } from './access-policy.js';
import type { SubscriptionState } from './subscription-state.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Rules {
  readonly now: Date;
  readonly policy: AccessPolicy;
}

/** Decides by the status of a subscription, and by the times that Stripe has named. Statuses that are not known give no access. */
export function decideSubscription(subscription: SubscriptionState, rules: Rules): AccessDecision {
  if (subscription.duplicateOf != null) return blocked(subscription, 'duplicate');
  // Stripe's list is open: what is not named here fails closed.
  switch (subscription.status) {
    case 'trialing':
      return untilEnd(subscription, { ...rules, end: subscription.trialEnd ?? null, isEndless: false });
    case 'active':
      return untilEnd(subscription, { ...rules, end: endOf(subscription), isEndless: true });
    case 'past_due':
      return whilePastDue(subscription, rules);
    case 'unpaid':
      return blocked(subscription, 'unpaid');
    case 'paused':
      return blocked(subscription, 'paused');
    case 'incomplete':
      return blocked(subscription, 'payment-pending');
    case 'canceled':
    case 'incomplete_expired':
      return blocked(subscription, 'ended');
    default:
      return { ...blocked(subscription, 'unknown-status'), needsRefresh: isAtStripe(subscription) };
  }
}

interface EndingRules extends Rules {
  readonly end: Date | null;
  /** Whether it goes on where no end is known. */
  readonly isEndless: boolean;
}

/** Access until an end. Behind it Stripe is asked before anybody is locked out: it should have told, and the webhook may be lost. */
function untilEnd(subscription: SubscriptionState, { now, policy, end, isEndless }: EndingRules): AccessDecision {
  const isTrial = subscription.status === 'trialing';
  if (!end && isEndless)
    return { ...granted(subscription, policy), needsRefresh: isRenewalOverdue(subscription, { now, policy }) };
  const reason = isTrial ? 'trial-ended' : 'ended';
  const time = now.getTime();
  // A row that is nobody else's to correct ends when it says. Stripe's clock is not this one's.
  const isAsked = isAtStripe(subscription);
  const countsUntil = (end?.getTime() ?? Number.NaN) + (isAsked ? policy.clockSkewMs : 0);
  const blockedFrom = isAsked
    ? Math.max(countsUntil, (end?.getTime() ?? Number.NaN) + policy.refreshHours * HOUR_MS)
    : countsUntil;
  // Comparisons with an end that is no date are false, and lock out.
  if (time < countsUntil) return { ...granted(subscription, policy), until: new Date(blockedFrom) };
  if (time < blockedFrom) return { ...granted(subscription, policy), until: new Date(blockedFrom), needsRefresh: true };
  return { ...blocked(subscription, reason), needsRefresh: isAsked };
}

/** Grace, then access to read, then none. A cancellation ends all of it: it is no way to a period that nobody pays. */
function whilePastDue(subscription: SubscriptionState, { now, policy }: Rules): AccessDecision {
  const { graceUntil, firstPastDueAt } = subscription;
  const time = now.getTime();
  const canceledFrom = endOf(subscription)?.getTime() ?? Number.POSITIVE_INFINITY;
  const grace = graceUntil?.getTime() ?? (firstPastDueAt ? firstPastDueAt.getTime() + policy.graceDays * DAY_MS : Number.NaN);
  const needsRefresh = isAtStripe(subscription) && (Number.isNaN(grace) || !(time < canceledFrom));
  const common = { status: subscription.status, reason: 'past-due', graceUntil: dateOf(grace), needsRefresh } as const;
  if (!(time < canceledFrom)) return { ...common, level: 'blocked', reason: 'ended', until: null };
  if (time < grace) return { ...common, level: 'grace', until: dateOf(Math.min(grace, canceledFrom)) };
  const restrictedUntil = grace + policy.restrictedDays * DAY_MS;
  // Since when is not known: less than full access until it is, and not none.
  if (Number.isNaN(grace)) return { ...common, level: 'restricted', until: null };
  if (time < restrictedUntil) return { ...common, level: 'restricted', until: dateOf(Math.min(restrictedUntil, canceledFrom)) };
  return { ...common, level: 'blocked', until: null };
}

function granted(subscription: SubscriptionState, { pausedCollection }: AccessPolicy): AccessDecision {
  const { status, isCollectionPaused } = subscription;
  const isTrial = status === 'trialing';
  const common = { status, until: null, graceUntil: null, needsRefresh: false };
  if (isCollectionPaused) return { ...common, level: pausedCollection, reason: 'collection-paused' };
  return { ...common, level: 'full', reason: isTrial ? 'trial' : 'paid' };
}

function blocked({ status }: SubscriptionState, reason: AccessReason): AccessDecision {
  return { level: 'blocked', reason, status, until: null, graceUntil: null, needsRefresh: false };
}

/** When it ends, where it was canceled for later. */
function endOf({ cancelAt, cancelAtPeriodEnd, currentPeriodEnd }: SubscriptionState): Date | null {
  return cancelAt ?? (cancelAtPeriodEnd ? (currentPeriodEnd ?? null) : null);
}

/** A paid period that ended long ago, and nothing was heard of the next: no reason to lock anybody out, and one to ask. */
function isRenewalOverdue(subscription: SubscriptionState, { now, policy }: Rules): boolean {
  const { currentPeriodEnd } = subscription;
  if (!currentPeriodEnd || !isAtStripe(subscription)) return false;
  return !(now.getTime() < currentPeriodEnd.getTime() + policy.refreshHours * HOUR_MS);
}

function isAtStripe({ stripeSubId }: SubscriptionState): boolean {
  return stripeSubId != null;
}

function dateOf(time: number): Date | null {
  return Number.isFinite(time) ? new Date(time) : null;
}
