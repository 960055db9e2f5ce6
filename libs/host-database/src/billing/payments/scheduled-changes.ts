import { Injectable } from '@nestjs/common';
import type { BillingInterval } from '../plan-price.entity.js';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import { UnexpectedStripeAnswerError } from './payments.errors.js';
import type { CurrentSubscription } from './stripe-subscriptions.js';

/** What the plan item becomes. */
interface PlannedItem {
  readonly price: string;
  readonly quantity: number;
  readonly interval: BillingInterval;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is to become of subscriptions when their period is over, kept by Stripe as a schedule of two phases. */
@Injectable()
export class ScheduledChanges {
  constructor(private readonly stripe: StripeGateway) {}

  /** Plans a change at the end of the period, instead of one that was planned before. */
  async plan(current: CurrentSubscription, { price, quantity, interval, metadata }: PlannedItem): Promise<void> {
    const { items, planItem, scheduleId } = current;
    // A schedule that was made and not filled in is found here the next time.
    const schedule = await this.stripe.call((api) =>
      scheduleId === undefined
        ? api.subscriptionSchedules.create({ from_subscription: current.id })
        : api.subscriptionSchedules.retrieve(scheduleId),
    );
    const phase = schedule['current_phase'] as { readonly start_date?: number; readonly end_date?: number } | null;
    if (!phase?.start_date || !phase.end_date) throw new UnexpectedStripeAnswerError(schedule.id, 'current_phase');
    const others = items.filter(({ id }) => id !== planItem.id).map(itemOf);
    const phases = [
      { items: items.map(itemOf), start_date: phase.start_date, end_date: phase.end_date },
      {
        items: [{ price, quantity }, ...others],
        duration: { interval, interval_count: 1 },
        proration_behavior: 'none',
        metadata,
      },
    ];
    await this.stripe.call((api) => api.subscriptionSchedules.update(schedule.id, { end_behavior: 'release', phases }));
  }

  /** Lets a subscription go on as it is. */
  async takeBack({ scheduleId }: CurrentSubscription): Promise<void> {
    if (scheduleId !== undefined) await this.stripe.call((api) => api.subscriptionSchedules.release(scheduleId));
  }
}

function itemOf({ priceId, quantity }: { readonly priceId: string; readonly quantity: number }) {
  return { price: priceId, quantity };
}
