import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { DuplicateStripeIdError } from '../billing.errors.js';
import { type BillingInterval, PlanPrice } from '../plan-price.entity.js';
import type { PricingPlan } from '../pricing-plan.entity.js';
import { PlanPriceNotFoundError } from './payments.errors.js';

/** Which price at Stripe is which plan's, also after the plan has another one. */
@Injectable()
export class PlanPrices {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Returns the key of the plan that a price belongs or has belonged to; undefined for one that no plan has ever named. */
  async planOf(priceId: string): Promise<string | undefined> {
    return (await this.unitOfWork.em.findOne(PlanPrice, { id: priceId }))?.planId;
  }

  /**
   * Returns the price at which a plan is sold now.
   *
   * @throws PlanPriceNotFoundError where it is not sold for this interval
   */
  async priceFor(planId: string, interval: BillingInterval): Promise<PlanPrice> {
    const price = await this.unitOfWork.em.findOne(PlanPrice, { planId, interval, isActive: true });
    if (!price) throw new PlanPriceNotFoundError(planId, interval);
    return price;
  }

  /**
   * Brings the prices of a plan to what its row names, in the caller's transaction. One that it names no longer is retired, and stays the
   * plan's: who has it keeps it.
   *
   * @throws DuplicateStripeIdError where a price is or was another plan's
   */
  async follow(plan: PricingPlan): Promise<void> {
    const { em } = this.unitOfWork;
    const named = pricesOf(plan);
    for (const price of await em.find(PlanPrice, { planId: plan.id, interval: { $ne: null } })) {
      price.isActive = named.some(({ id, interval }) => id === price.id && interval === price.interval);
    }
    for (const { id, interval, amount } of named) {
      const known = await em.findOne(PlanPrice, { id });
      if (known && known.planId !== plan.id) throw new DuplicateStripeIdError({ cause: { priceId: id, planId: known.planId } });
      if (known) em.assign(known, { interval, isActive: true, amount: known.amount ?? amount });
      else {
        const { currency } = plan;
        em.create(PlanPrice, { id, planId: plan.id, interval, amount, currency, isActive: true, createdAt: this.clock.now() });
      }
    }
    await em.flush();
  }
}

interface NamedPrice {
  readonly id: string;
  readonly interval: BillingInterval;
  readonly amount: number | null;
}

function pricesOf({ stripePriceMonthly, stripePriceYearly, amountMonthly, amountYearly }: PricingPlan): NamedPrice[] {
  return [
    ...(stripePriceMonthly ? [{ id: stripePriceMonthly, interval: 'month', amount: amountMonthly ?? null } as const] : []),
    ...(stripePriceYearly ? [{ id: stripePriceYearly, interval: 'year', amount: amountYearly ?? null } as const] : []),
  ];
}
