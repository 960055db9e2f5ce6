import type { AccessDecision, AccessLevel, AccessReason } from './access-decision.js';
import type { AccessPolicy } from './access-policy.js';
import type { SubscriptionState } from './subscription-state.js';

const SETTLED: ReadonlySet<string> = new Set(['paid', 'no_payment_required']);

/**
 * What was paid once gives access from when the payment has settled until it is paid back. The row has to be `active`; what is recorded of
 * its payment can only take away from that.
 */
export function decidePurchase(purchase: SubscriptionState, policy: AccessPolicy): AccessDecision {
  const { level, reason } = judge(purchase, policy);
  return { level, reason, status: purchase.status, until: null, graceUntil: null, needsRefresh: false };
}

function judge(
  { status, paymentStatus, isRefunded, dispute }: SubscriptionState,
  { openDispute }: AccessPolicy,
): { readonly level: AccessLevel; readonly reason: AccessReason } {
  if (isRefunded) return { level: 'blocked', reason: 'refunded' };
  if (dispute === 'lost') return { level: 'blocked', reason: 'dispute-lost' };
  switch (status) {
    case 'active':
      break;
    case 'incomplete':
      return { level: 'blocked', reason: 'payment-pending' };
    case 'canceled':
    case 'incomplete_expired':
      return { level: 'blocked', reason: 'ended' };
    default:
      return { level: 'blocked', reason: 'unknown-status' };
  }
  if (paymentStatus != null && !SETTLED.has(paymentStatus)) return { level: 'blocked', reason: 'payment-pending' };
  if (dispute === 'open') return { level: openDispute, reason: 'dispute-open' };
  return { level: 'full', reason: 'paid' };
}
