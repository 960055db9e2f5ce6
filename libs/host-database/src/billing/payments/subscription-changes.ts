import { Injectable } from '@nestjs/common';
import { assertInt32, assertOneOf, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobsService } from '../../jobs/index.js';
import { type BillingInterval } from '../plan-price.entity.js';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import { followSubscription } from './follow-subscription.js';
import { PlanPrices } from './plan-prices.js';
import { readPreview, type SubscriptionPreview } from './subscription-preview.js';
import { ScheduledChanges } from './scheduled-changes.js';
import { type CurrentSubscription, StripeSubscriptions } from './stripe-subscriptions.js';

/** What becomes of the rest of a period that is paid: the next invoice counts it, an invoice at once, or nobody. */
export const PRORATIONS = ['create_prorations', 'always_invoice', 'none'] as const;

export type Proration = (typeof PRORATIONS)[number];

/** What a subscription is to become. */
export interface WantedSubscription {
  readonly planId: string;
  readonly interval: BillingInterval;
  /** @default as many as now */
  readonly quantity?: number;
}

/** A change at once. */
export interface ImmediateChange extends WantedSubscription {
  readonly when?: 'now';
  readonly proration: Proration;
  /** As of which second the rest of the period counts: that of the preview, so that it costs what was shown. @default now */
  readonly prorationDate?: number;
}

/** A change when the period that is paid is over. */
export interface ChangeAtPeriodEnd extends WantedSubscription {
  readonly when: 'period-end';
}

/**
 * Changes what tenants are subscribed to, at Stripe. The row follows: each change has Stripe asked how things stand then. Not to be called in
 * a transaction. All throw NoStripeSubscriptionError, StripeNotConfiguredError, StripeCallInTransactionError, and what the SDK throws.
 */
@Injectable()
export class SubscriptionChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stripe: StripeGateway,
    private readonly subscriptions: StripeSubscriptions,
    private readonly scheduled: ScheduledChanges,
    private readonly prices: PlanPrices,
    private readonly jobs: JobsService,
    private readonly clock: Clock,
  ) {}

  /**
   * Says what a change at once would cost. Changes nothing.
   *
   * @throws PlanPriceNotFoundError, InvalidInputError
   */
  async preview(
    tenantId: string,
    { proration, prorationDate, ...wanted }: Omit<ImmediateChange, 'when'>,
  ): Promise<SubscriptionPreview> {
    assertOneOf(proration, PRORATIONS, 'proration');
    const current = await this.subscriptions.read(tenantId);
    const item = await this.wantedItem(current, wanted);
    const date = prorationDate ?? Math.floor(this.clock.now().getTime() / 1000);
    const invoice = await this.stripe.call((api) =>
      api.invoices.createPreview({
        customer: current.customer,
        subscription: current.id,
        subscription_details: {
          items: [item],
          proration_behavior: proration,
          ...(proration !== 'none' && { proration_date: date }),
        },
      }),
    );
    return readPreview(invoice, date);
  }

  /**
   * Changes the plan, the interval or the quantity: at once, with an explicit proration, or when the period is over. A change that was to
   * happen at the end of the period is taken back by one at once, and replaced by another at the end.
   *
   * @throws PlanPriceNotFoundError, InvalidInputError
   */
  async change(tenantId: string, wanted: ImmediateChange | ChangeAtPeriodEnd): Promise<void> {
    if (wanted.when !== 'period-end') assertOneOf(wanted.proration, PRORATIONS, 'proration');
    const current = await this.subscriptions.read(tenantId);
    const item = await this.wantedItem(current, wanted);
    const metadata = { tenant_id: tenantId, plan_id: wanted.planId };
    if (wanted.when === 'period-end') {
      await this.scheduled.plan(current, { ...item, interval: wanted.interval, metadata });
    } else {
      const { proration, prorationDate } = wanted;
      await this.scheduled.takeBack(current);
      await this.stripe.call((api) =>
        api.subscriptions.update(current.id, {
          items: [item],
          metadata,
          proration_behavior: proration,
          ...(proration !== 'none' && prorationDate !== undefined && { proration_date: prorationDate }),
        }),
      );
    }
    await this.follow(current);
  }

  /** Ends a subscription: when the period that is paid is over, or now. One whose payment is missing ends now: it has no paid period. */
  async cancel(tenantId: string, { at }: { readonly at: 'now' | 'period-end' }): Promise<void> {
    assertOneOf(at, ['now', 'period-end'] as const, 'at');
    const current = await this.subscriptions.read(tenantId);
    await this.scheduled.takeBack(current);
    const isPaid = current.status === 'active' || current.status === 'trialing';
    await this.stripe.call((api) =>
      at === 'now' || !isPaid
        ? api.subscriptions.cancel(current.id)
        : api.subscriptions.update(current.id, { cancel_at_period_end: true }),
    );
    await this.follow(current);
  }

  /** Takes back what was to happen at the end of the period: a cancellation, also one in the portal, and a change. */
  async resume(tenantId: string): Promise<void> {
    const current = await this.subscriptions.read(tenantId);
    await this.scheduled.takeBack(current);
    if (current.cancelAtPeriodEnd || current.cancelsAt !== undefined) {
      // The portal sets the one, a cancellation at the end of the period the other: both at once are refused.
      const params = current.cancelAtPeriodEnd ? { cancel_at_period_end: false } : { cancel_at: '' };
      await this.stripe.call((api) => api.subscriptions.update(current.id, params));
    }
    await this.follow(current);
  }

  private async wantedItem({ planItem }: CurrentSubscription, { planId, interval, quantity }: WantedSubscription) {
    const price = await this.unitOfWork.run(async () => (await this.prices.priceFor(planId, interval)).id);
    return { id: planItem.id, price, quantity: assertInt32(quantity ?? planItem.quantity, 'quantity', 1) };
  }

  private async follow({ id }: CurrentSubscription): Promise<void> {
    await this.unitOfWork.run(() => followSubscription(this.jobs, id));
  }
}
