import type { InvoiceLine, Subscription, SubscriptionItem } from '../account/objects.js';
import { cycleLine, prorationLine } from './lines.js';
import { periodEnd } from './periods.js';

/** The lines of the period that a subscription is in. */
export function periodLines({ id, items }: Subscription): InvoiceLine[] {
  return items.data.map((item) =>
    cycleLine({ subscription: id, item, period: { start: item.current_period_start, end: item.current_period_end } }),
  );
}

/** The lines of a trial: everything, for nothing. */
export function trialLines(subscription: Subscription): InvoiceLine[] {
  return periodLines(subscription).map((line) =>
    Object.assign(line, { amount: 0, subtotal: 0, description: `Trial period: ${line.description ?? ''}` }),
  );
}

/** The lines of the next period of the items whose period ends first. */
export function nextLines(subscription: Subscription): InvoiceLine[] {
  const end = Math.min(...subscription.items.data.map((item) => item.current_period_end));
  const due = subscription.items.data.filter((item) => item.current_period_end === end);
  return due.map((item) => {
    const next = { ...item, current_period_start: end };
    return cycleLine({ subscription: subscription.id, item, period: { start: end, end: nextEnd(subscription, next) } });
  });
}

/** When the period of an item ends that begins at its `current_period_start`. */
export function nextEnd(
  { billing_cycle_anchor: anchor }: Pick<Subscription, 'billing_cycle_anchor'>,
  item: SubscriptionItem,
): number {
  return periodEnd(anchor, item.price.recurring!, item.current_period_start);
}

/** The lines that give back what is left of the period. */
export function unusedLines({ id, items }: Subscription, from: number): InvoiceLine[] {
  return items.data.map((item) =>
    prorationLine({
      subscription: id,
      item,
      period: { start: item.current_period_start, end: item.current_period_end },
      from,
      sign: -1,
    }),
  );
}
