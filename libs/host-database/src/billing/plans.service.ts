import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertText, Clock, InvalidInputError } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { DuplicateStripeIdError, PlanNotFoundError } from './billing.errors.js';
import { PricingPlan } from './pricing-plan.entity.js';

const PLAN_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const CURRENCY_PATTERN = /^[a-z]{3}$/;

/** What may be said of a plan. Amounts are in minor units of the currency. */
export interface PlanFacts {
  readonly name?: string;
  readonly description?: string | null;
  readonly stripePriceMonthly?: string | null;
  readonly stripePriceYearly?: string | null;
  readonly amountMonthly?: number | null;
  readonly amountYearly?: number | null;
  /** ISO 4217, lower case. @default 'usd' */
  readonly currency?: string;
  /** @default 30 */
  readonly trialDays?: number;
  /** Keys of what the plan includes. @default [] */
  readonly features?: readonly string[];
  /** @default 1 */
  readonly tierLevel?: number;
  readonly isActive?: boolean;
  readonly sortOrder?: number;
}

/** The catalogue of plans. */
@Injectable()
export class PlansService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates the plan of this key, or changes what is given of it. A new plan needs a name.
   *
   * @throws InvalidInputError, DuplicateStripeIdError
   */
  async upsert(planId: string, facts: PlanFacts): Promise<PricingPlan> {
    assertPlan(planId, facts);
    const { features, ...others } = facts;
    return this.unitOfWork.transactional(async (em) => {
      let plan = await em.findOne(PricingPlan, { id: planId });
      if (plan) {
        em.assign(plan, others);
        if (features) plan.features = [...features];
      } else {
        plan = em.create(PricingPlan, {
          ...others,
          id: planId,
          name: assertText(facts.name, 'name'),
          features: [...(features ?? [])],
          createdAt: this.clock.now(),
        });
      }
      try {
        await em.flush();
      } catch (cause) {
        if (cause instanceof UniqueConstraintViolationException) throw new DuplicateStripeIdError({ cause });
        throw cause;
      }
      return plan;
    });
  }

  async findById(planId: string): Promise<PricingPlan | null> {
    return this.unitOfWork.em.findOne(PricingPlan, { id: planId });
  }

  /** @throws PlanNotFoundError */
  async getById(planId: string): Promise<PricingPlan> {
    const plan = await this.findById(planId);
    if (!plan) throw new PlanNotFoundError(planId);
    return plan;
  }

  /** Returns the plans that can be bought, in the order in which to show them. */
  async findAll(): Promise<PricingPlan[]> {
    return this.unitOfWork.em.find(
      PricingPlan,
      { isActive: true },
      { orderBy: { sortOrder: 'asc', tierLevel: 'asc', id: 'asc' } },
    );
  }
}

function assertPlan(planId: string, facts: PlanFacts): void {
  if (!PLAN_ID_PATTERN.test(planId)) {
    throw new InvalidInputError('plan id', 'must be 1 to 63 lower-case letters, digits, dashes and underscores, such as pro.');
  }
  if (facts.currency !== undefined && !CURRENCY_PATTERN.test(facts.currency)) {
    throw new InvalidInputError('currency', 'must be an ISO 4217 code in lower case, such as usd.');
  }
  for (const field of ['amountMonthly', 'amountYearly', 'trialDays', 'tierLevel'] as const) {
    const value = facts[field];
    if (value != null && (!Number.isInteger(value) || value < 0)) {
      throw new InvalidInputError(field, 'must be a whole number of 0 or more.');
    }
  }
}
