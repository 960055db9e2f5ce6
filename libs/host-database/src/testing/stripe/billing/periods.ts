import type { Stripe } from 'stripe';

const DAY = 86_400;

type Recurring = Pick<Stripe.Price.Recurring, 'interval' | 'interval_count'>;

/** The boundary that comes so many intervals after the anchor. The 31st is the last day of a shorter month. */
function boundary(anchor: number, { interval, interval_count: count }: Recurring, steps: number): number {
  if (interval === 'day' || interval === 'week') return anchor + steps * count * (interval === 'week' ? 7 : 1) * DAY;
  const date = new Date(anchor * 1000);
  const month = date.getUTCMonth() + steps * count * (interval === 'year' ? 12 : 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), lastDay));
  return midnight / 1000 + (anchor % DAY);
}

/** The end of the period that begins at `start`: the first boundary after it, counted from the anchor. Seconds. */
export function periodEnd(anchor: number, recurring: Recurring, start: number): number {
  let steps = 0;
  let end = boundary(anchor, recurring, steps);
  while (end <= start) {
    steps += 1;
    end = boundary(anchor, recurring, steps);
  }
  return end;
}

/** Whether two prices are billed as often. */
export function sameInterval(one: Recurring | null, other: Recurring | null): boolean {
  return one?.interval === other?.interval && one?.interval_count === other?.interval_count;
}
