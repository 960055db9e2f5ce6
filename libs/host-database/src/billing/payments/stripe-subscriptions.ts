import { Injectable } from '@nestjs/common';
import { assertId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { PlanPrice } from '../plan-price.entity.js';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import { LIVE_SUBSCRIPTION_STATUSES, Subscription } from '../subscription.entity.js';
import { NoStripeSubscriptionError, UnexpectedStripeAnswerError } from './payments.errors.js';

/** An item of a subscription. */
export interface SubscriptionItem {
  readonly id: string;
  readonly priceId: string;
  readonly quantity: number;
}

/** A subscription as Stripe has it now. */
export interface CurrentSubscription {
  readonly id: string;
  readonly status: string;
  readonly customer: string;
  /** The schedule that it is under. */
  readonly scheduleId: string | undefined;
  readonly cancelAtPeriodEnd: boolean;
  readonly cancelsAt: number | undefined;
  readonly items: readonly SubscriptionItem[];
  /** The item that the plan is paid with. */
  readonly planItem: SubscriptionItem;
}

/** The live subscriptions of tenants, as Stripe has them. */
@Injectable()
export class StripeSubscriptions {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stripe: StripeGateway,
  ) {}

  /** Finds the live subscription of a tenant that Stripe knows of, as the database has it. */
  async find(tenantId: string): Promise<(Subscription & { readonly stripeSubId: string }) | undefined> {
    const found = await this.unitOfWork.run((em) =>
      em.findOne(Subscription, {
        tenant: assertId(tenantId, 'tenant'),
        paymentType: 'subscription',
        duplicateOf: null,
        stripeSubId: { $ne: null },
        status: { $in: [...LIVE_SUBSCRIPTION_STATUSES] },
      }),
    );
    return found?.stripeSubId == null ? undefined : (found as Subscription & { readonly stripeSubId: string });
  }

  /**
   * Asks Stripe how the live subscription of a tenant stands.
   *
   * @throws NoStripeSubscriptionError, UnexpectedStripeAnswerError, StripeCallInTransactionError, and what the SDK throws
   */
  async read(tenantId: string): Promise<CurrentSubscription> {
    this.stripe.assertCallable();
    const known = await this.find(tenantId);
    if (!known) throw new NoStripeSubscriptionError(tenantId);
    const found = await this.stripe.call((api) => api.subscriptions.retrieve(known.stripeSubId));
    const items = itemsOf(found);
    return {
      id: found.id,
      status: String(found['status']),
      customer: idOf(found['customer']) ?? '',
      scheduleId: idOf(found['schedule']),
      cancelAtPeriodEnd: found['cancel_at_period_end'] === true,
      cancelsAt: typeof found['cancel_at'] === 'number' ? found['cancel_at'] : undefined,
      items,
      planItem: await this.planItemOf(found.id, items),
    };
  }

  private async planItemOf(id: string, items: readonly SubscriptionItem[]): Promise<SubscriptionItem> {
    const priced = await this.unitOfWork.run((em) => em.find(PlanPrice, { id: { $in: items.map(({ priceId }) => priceId) } }));
    const item = items.find(({ priceId }) => priced.some((price) => price.id === priceId)) ?? items[0];
    if (!item) throw new UnexpectedStripeAnswerError(id, 'items');
    return item;
  }
}

function itemsOf(subscription: { readonly id: string; readonly [field: string]: unknown }): SubscriptionItem[] {
  const data = (subscription['items'] as { readonly data?: unknown } | undefined)?.data;
  if (!Array.isArray(data)) throw new UnexpectedStripeAnswerError(subscription.id, 'items');
  return data.map((item: { readonly id: string; readonly price?: unknown; readonly quantity?: unknown }) => {
    const priceId = idOf(item.price);
    if (priceId === undefined) throw new UnexpectedStripeAnswerError(subscription.id, 'items.data.price');
    return { id: item.id, priceId, quantity: typeof item.quantity === 'number' ? item.quantity : 1 };
  });
}

/** The id of what is named, or given whole. */
function idOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const id = (value as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : undefined;
}
