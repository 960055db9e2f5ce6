import type { Price, SchedulePhase, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Params } from '../http/params.js';
import { parameterInvalid, parameterMissing, parametersExclusive } from '../http/refusals.js';
import { type ProrationBehavior, PRORATIONS, type SubscriptionChange } from './change-plan.js';
import { periodEnd } from './periods.js';
import { periodBounds, recurringPrice } from './subscription-draft.js';

const INTERVALS = ['day', 'week', 'month', 'year'] as const;

type PhaseFacts = Pick<SchedulePhase, 'end_date' | 'items' | 'metadata' | 'start_date'> & {
  readonly currency: string;
  readonly proration: ProrationBehavior;
};

/** The phase that a subscription is in when a schedule is made of it: until its period ends. */
export function phaseOfNow(subscription: Subscription): SchedulePhase {
  const { start, max } = periodBounds(subscription);
  return phaseOf({
    start_date: start,
    end_date: max,
    currency: subscription.currency,
    items: subscription.items.data.map(({ price, quantity, metadata }) => phaseItem(price, { quantity, metadata })),
    metadata: {},
    proration: 'create_prorations',
  });
}

/** Reads phases: the first one is that which the schedule is in, and each begins where the one before ends. */
export function readPhases(account: StripeAccount, params: Params, current: SchedulePhase): SchedulePhase[] | undefined {
  const phases: SchedulePhase[] = [];
  for (const part of params.parts('phases') ?? []) {
    const previous = phases.at(-1);
    const phase = readPhase(account, part, previous?.end_date);
    if (!previous && phase.start_date !== current.start_date)
      throw parameterInvalid(part.nameOf('start_date'), 'you can not modify the start date of the current phase');
    phases.push(phase);
  }
  const [first] = phases;
  if (first && first.end_date <= account.time.now) throw parameterInvalid('phases[0][end_date]', 'must be in the future');
  return params.has('phases') ? phases : undefined;
}

/** What has to change for a subscription to be as a phase wants it. An item keeps its id where it goes on with another price. */
export function changeInto(account: StripeAccount, subscription: Subscription, phase: SchedulePhase): SubscriptionChange {
  const before = [...subscription.items.data];
  const same = phase.items.map(({ price }) => {
    const at = before.findIndex((item) => item.price.id === price);
    return at === -1 ? undefined : before.splice(at, 1)[0];
  });
  const changed = phase.items.map(({ price, quantity }, index) => {
    const item = same[index] ?? before.shift();
    return { id: item?.id, price: account.prices.get(price), quantity };
  });
  return {
    items: [...changed, ...before.map(({ id }) => ({ id, deleted: true }))],
    prorationBehavior: PRORATIONS.find((one) => one === phase.proration_behavior) ?? 'create_prorations',
  };
}

function readPhase(account: StripeAccount, params: Params, previousEnd: number | undefined): SchedulePhase {
  params.only('items', 'start_date', 'end_date', 'duration', 'metadata', 'proration_behavior');
  const parts = params.parts('items');
  if (!parts) throw parameterMissing(params.nameOf('items'));
  const items = parts.map((item) => {
    const id = item.only('price', 'quantity', 'metadata').requiredText('price');
    const price = recurringPrice(account, id, item.nameOf('price'));
    return { price, item: phaseItem(price, { quantity: item.integer('quantity') ?? 1, metadata: item.metadata() }) };
  });
  const [first] = items;
  if (!first) throw parameterMissing(params.nameOf('items'));
  const start = params.integer('start_date') ?? previousEnd;
  if (start === undefined) throw parameterMissing(params.nameOf('start_date'));
  if (previousEnd !== undefined && start !== previousEnd)
    throw parameterInvalid(params.nameOf('start_date'), 'must be where the phase before ends');
  return phaseOf({
    start_date: start,
    end_date: endOf(params, { start, price: first.price }),
    currency: first.price.currency,
    items: items.map(({ item }) => item),
    metadata: params.metadata(),
    proration: params.oneOf('proration_behavior', PRORATIONS) ?? 'create_prorations',
  });
}

/** When a phase ends: at a date, after a time, or after one period. */
function endOf(params: Params, { start, price }: { readonly start: number; readonly price: Price }): number {
  const end = params.integer('end_date');
  const duration = params.part('duration')?.only('interval', 'interval_count');
  if (end !== undefined && duration) throw parametersExclusive(params.nameOf('duration'), params.nameOf('end_date'));
  if (end !== undefined && end <= start)
    throw parameterInvalid(params.nameOf('end_date'), 'must be after the start of the phase');
  if (end !== undefined) return end;
  if (!duration) return periodEnd(start, price.recurring!, start);
  const interval = duration.oneOf('interval', INTERVALS);
  if (!interval) throw parameterMissing(duration.nameOf('interval'));
  return periodEnd(start, { interval, interval_count: duration.integer('interval_count') ?? 1 }, start);
}

function phaseItem(
  price: Price,
  { quantity, metadata }: { readonly quantity: number; readonly metadata: Record<string, string> },
): SchedulePhase['items'][number] {
  return {
    billing_thresholds: null,
    discounts: [],
    metadata,
    plan: price.id,
    price: price.id,
    quantity,
    tax_rates: [],
  };
}

function phaseOf({ proration, ...facts }: PhaseFacts): SchedulePhase {
  return {
    ...facts,
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    invoice_settings: null,
    on_behalf_of: null,
    proration_behavior: proration,
    transfer_data: null,
    trial_end: null,
  };
}
