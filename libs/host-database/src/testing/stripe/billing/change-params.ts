import type { StripeAccount } from '../account/stripe-account.js';
import type { Subscription } from '../account/objects.js';
import type { Params } from '../http/params.js';
import { parameterInvalid, parametersExclusive } from '../http/refusals.js';
import { PRORATIONS, type SubscriptionChange } from './change-plan.js';
import { periodBounds, recurringPrice } from './subscription-draft.js';

/** The parameters that change what is subscribed to: those of an update, and those of its preview. */
export const CHANGE_PARAMS = ['items', 'proration_behavior', 'proration_date', 'billing_cycle_anchor', 'trial_end'] as const;

/** Reads a change of items, of an update or of its preview. */
export function readChange(account: StripeAccount, params: Params, subscription: Subscription): SubscriptionChange {
  const trialEnd = params.text('trial_end');
  if (trialEnd !== undefined && trialEnd !== 'now')
    throw parameterInvalid(params.nameOf('trial_end'), 'the fake Stripe only ends trials now');
  const prorationDate = params.integer('proration_date');
  const { start, max } = periodBounds(subscription);
  if (prorationDate !== undefined && (prorationDate < start || prorationDate > max)) {
    throw parameterInvalid(params.nameOf('proration_date'), 'must be within the current period');
  }
  return {
    items: params.parts('items')?.map((item) => {
      const price = item.only('id', 'price', 'quantity', 'deleted', 'metadata').text('price');
      return {
        id: item.text('id'),
        price: price === undefined ? undefined : recurringPrice(account, price, item.nameOf('price')),
        quantity: item.integer('quantity'),
        deleted: item.flag('deleted'),
        metadata: item.has('metadata') ? item.metadata() : undefined,
      };
    }),
    prorationBehavior: params.oneOf('proration_behavior', PRORATIONS) ?? 'create_prorations',
    prorationDate,
    restart: params.oneOf('billing_cycle_anchor', ['now', 'unchanged']) === 'now',
    endTrial: trialEnd === 'now' && subscription.status === 'trialing',
  };
}

/** When a subscription is to end by these parameters; undefined where they say nothing, null where it is to go on. */
export function readCancelAt(
  params: Params,
  subscription: Subscription,
  now: number,
): { readonly at: number | null; readonly atPeriodEnd: boolean } | undefined {
  const atPeriodEnd = params.flag('cancel_at_period_end');
  if (atPeriodEnd !== undefined && params.has('cancel_at') && !params.isCleared('cancel_at')) {
    throw parametersExclusive('cancel_at', 'cancel_at_period_end');
  }
  const { min, max } = periodBounds(subscription);
  if (atPeriodEnd === true) return { at: max, atPeriodEnd: true };
  const when = params.text('cancel_at');
  if (when === 'min_period_end' || when === 'max_period_end')
    return { at: when === 'min_period_end' ? min : max, atPeriodEnd: false };
  if (when !== undefined) {
    const at = params.integer('cancel_at') ?? 0;
    if (at <= now) throw parameterInvalid(params.nameOf('cancel_at'), 'must be in the future');
    return { at, atPeriodEnd: false };
  }
  return atPeriodEnd === false || params.isCleared('cancel_at') ? { at: null, atPeriodEnd: false } : undefined;
}
