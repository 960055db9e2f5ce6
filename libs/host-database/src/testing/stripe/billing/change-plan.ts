import type { InvoiceLine, Price, Subscription, SubscriptionItem } from '../account/objects.js';
import { planOf } from '../resources/prices.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { cycleLine, prorationLine } from './lines.js';
import { periodEnd, sameInterval } from './periods.js';
import { draftItem } from './subscription-draft.js';

/** What becomes of the rest of a period: invoiced now, with the next invoice, or nothing. */
export const PRORATIONS = ['always_invoice', 'create_prorations', 'none'] as const;
export type ProrationBehavior = (typeof PRORATIONS)[number];

/** What an item is to become. */
export interface ItemChange {
  /** The item; none adds one. */
  readonly id?: string | undefined;
  readonly price?: Price | undefined;
  readonly quantity?: number | undefined;
  readonly deleted?: boolean | undefined;
  readonly metadata?: Record<string, string> | undefined;
}

/** What is to become of a subscription's items. */
export interface SubscriptionChange {
  readonly items?: readonly ItemChange[] | undefined;
  readonly prorationBehavior: ProrationBehavior;
  /** As of when it counts, in seconds. @default now */
  readonly prorationDate?: number | undefined;
  /** Begins a new period now. */
  readonly restart?: boolean | undefined;
  /** Ends the trial now. */
  readonly endTrial?: boolean | undefined;
}

/** What a change comes to: the same for who previews it and for who makes it. */
export interface PlannedChange {
  readonly items: SubscriptionItem[];
  readonly anchor: number;
  /** Credits and debits for the rest of the period. */
  readonly prorations: InvoiceLine[];
  /** New periods that begin now, and are paid in advance. */
  readonly periods: InvoiceLine[];
  /** Whether there is an invoice at once. Without, prorations wait for the next one. */
  readonly invoiceNow: boolean;
}

/** Works out what a change of items comes to. Changes nothing. */
export function planChange(subscription: Subscription, change: SubscriptionChange, now: number): PlannedChange {
  const before = subscription.items.data;
  const after = itemsAfter(subscription, change.items ?? [], now);
  const restarts = change.restart === true || change.endTrial === true || before.some((item) => changesInterval(item, after));
  const trialGoesOn = subscription.status === 'trialing' && change.endTrial !== true;
  const from = change.prorationDate ?? now;
  const facts = { subscription: subscription.id, from };
  const prorates = change.prorationBehavior !== 'none' && !trialGoesOn && subscription.status !== 'trialing';
  const prorations: InvoiceLine[] = [];
  for (const item of prorates ? before : []) {
    const next = after.find((one) => one.id === item.id);
    if (!restarts && next && next.price.id === item.price.id && next.quantity === item.quantity) continue;
    const period = { start: item.current_period_start, end: item.current_period_end };
    // A period that is over has no rest: a phase of a schedule begins where it ends.
    if (period.end <= from) continue;
    prorations.push(prorationLine({ ...facts, item, period, sign: -1 }));
    if (next && !restarts) prorations.push(prorationLine({ ...facts, item: next, period, sign: 1 }));
  }
  for (const item of prorates && !restarts ? after.filter((one) => !before.some(({ id }) => id === one.id)) : []) {
    if (item.current_period_end <= from) continue;
    prorations.push(
      prorationLine({ ...facts, item, period: { start: item.current_period_start, end: item.current_period_end }, sign: 1 }),
    );
  }
  if (!restarts || trialGoesOn) {
    return {
      items: after,
      anchor: subscription.billing_cycle_anchor,
      prorations,
      periods: [],
      invoiceNow: change.prorationBehavior === 'always_invoice' && prorations.length > 0,
    };
  }
  const items = after.map((item) =>
    Object.assign(item, { current_period_start: now, current_period_end: periodEnd(now, item.price.recurring!, now) }),
  );
  const periods = items.map((item) =>
    cycleLine({
      subscription: subscription.id,
      item,
      period: { start: item.current_period_start, end: item.current_period_end },
    }),
  );
  return { items, anchor: now, prorations, periods, invoiceNow: true };
}

function itemsAfter(subscription: Subscription, changes: readonly ItemChange[], now: number): SubscriptionItem[] {
  let items = subscription.items.data.map((item) => structuredClone(item));
  for (const { id, price, quantity, deleted, metadata } of changes) {
    const item = id === undefined ? undefined : items.find((one) => one.id === id);
    if (id !== undefined && !item)
      throw new FakeStripeRefusedError(`No such subscription item: '${id}'`, { stripeCode: 'resource_missing', param: 'items' });
    if (item && deleted) {
      items = items.filter((one) => one !== item);
    } else if (item) {
      item.price = price ? structuredClone(price) : item.price;
      item.plan = price ? planOf(price) : item.plan;
      item.quantity = quantity ?? item.quantity;
      item.metadata = metadata ?? item.metadata;
    } else if (price) {
      items.push(newItem(subscription, { price, quantity: quantity ?? 1, metadata: metadata ?? {} }, now));
    }
  }
  if (items.length === 0)
    throw new FakeStripeRefusedError('A subscription must have at least one active item.', { param: 'items' });
  const prices = items.map((item) => item.price.id);
  if (new Set(prices).size < prices.length) {
    throw new FakeStripeRefusedError(
      'Cannot add multiple subscription items with the same price. Name the item by its id to change it.',
      { param: 'items' },
    );
  }
  return items;
}

/** An item that joins the period of those that are billed as often. */
function newItem(
  subscription: Subscription,
  facts: { readonly price: Price; readonly quantity: number; readonly metadata: Record<string, string> },
  now: number,
): SubscriptionItem {
  const peer = subscription.items.data.find((item) => sameInterval(item.price.recurring, facts.price.recurring));
  const trialEnd = subscription.status === 'trialing' ? subscription.trial_end : null;
  return draftItem(facts, {
    subscription: subscription.id,
    start: peer?.current_period_start ?? now,
    end: peer?.current_period_end ?? trialEnd ?? periodEnd(subscription.billing_cycle_anchor, facts.price.recurring!, now),
    created: now,
  });
}

function changesInterval(item: SubscriptionItem, after: readonly SubscriptionItem[]): boolean {
  const next = after.find((one) => one.id === item.id);
  return next !== undefined && !sameInterval(next.price.recurring, item.price.recurring);
}
