import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertInt32, assertText, Clock, INT32_MAX, InvalidInputError, withoutUndefined } from '../common/index.js';
import { UnitOfWork, violatesUnique } from '../database/index.js';
import { DuplicateStripeIdError, PlanNotFoundError } from './billing.errors.js';
import { type DryRunOptions, type PlanApplication, PlanApplications } from './entitlements/index.js';
import { FeatureCatalogue } from './features/index.js';
import { differenceOf, type PlanDifference } from './plan-differences.js';
import { PlanPrices } from './payments/plan-prices.js';
import type { PlanFacts } from './plan-facts.js';
import { PricingPlan } from './pricing-plan.entity.js';

const PLAN_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** Of a primary key SQLite names the column, PostgreSQL the index. */
const ID_UNIQUE = { name: 'core_pricing_plans_pkey', table: 'core_pricing_plans', columns: ['id'] };
const CURRENCY_PATTERN = /^[a-z]{3}$/;

/** The catalogue of plans. */
@Injectable()
export class PlansService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly catalogue: FeatureCatalogue,
    private readonly applications: PlanApplications,
    private readonly prices: PlanPrices,
  ) {}

  /**
   * Creates the plan of this key, or changes what is given of it. A new plan needs a name. Who has the plan keeps what it included:
   * {@link applyToExisting} changes that. A price that it names no longer stays its own, for those who pay it.
   *
   * @throws InvalidInputError, DuplicateStripeIdError, UnknownFeatureError, UnknownLimitError
   */
  async upsert(planId: string, given: PlanFacts): Promise<PricingPlan> {
    const facts = this.assertPlan(planId, given);
    return this.unitOfWork.transactional(async (em) => {
      try {
        // A savepoint of its own, so that losing a race for a new plan leaves the transaction usable.
        return await em.transactional(() => this.write(planId, facts));
      } catch (cause) {
        if (!(cause instanceof UniqueConstraintViolationException)) throw cause;
        if (!violatesUnique(cause, ID_UNIQUE)) throw new DuplicateStripeIdError({ cause });
        return this.write(planId, facts);
      }
    });
  }

  /**
   * Brings the catalogue to what is given, such as a file that is kept with the code, by the keys of the plans. Plans that are not named stay as
   * they are. All in one transaction, the caller's if there is one. Returns what was different; nothing is written where that is all that is
   * asked for.
   *
   * @throws InvalidInputError, DuplicateStripeIdError, UnknownFeatureError, UnknownLimitError
   */
  async load(plans: Readonly<Record<string, PlanFacts>>, { dryRun = false }: DryRunOptions = {}): Promise<PlanDifference[]> {
    const checked = Object.entries(plans).map(([planId, facts]) => [planId, this.assertPlan(planId, facts)] as const);
    return this.unitOfWork.transactional(async (em) => {
      await em.flush();
      const differences: PlanDifference[] = [];
      for (const [planId, facts] of checked) {
        const existing = await em.findOne(PricingPlan, { id: planId }, { refresh: true });
        if (!existing) assertText(facts.name, 'name');
        const difference = differenceOf(existing, planId, facts);
        if (!difference) continue;
        differences.push(difference);
        if (!dryRun) await this.upsert(planId, facts);
      }
      return differences;
    });
  }

  /**
   * Gives what a plan includes now to everybody who has it, by a subscription that has not ended or by a trial. Returns for whom that is something
   * else; nothing is written where that is all that is asked for. In one transaction, the caller's if there is one.
   *
   * @throws PlanNotFoundError
   */
  async applyToExisting(planId: string, options?: DryRunOptions): Promise<PlanApplication> {
    return this.applications.apply(planId, options);
  }

  async findById(planId: string): Promise<PricingPlan | null> {
    return PLAN_ID_PATTERN.test(planId) ? this.unitOfWork.em.findOne(PricingPlan, { id: planId }) : null;
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

  /** What is in no registry is misspelt, and refused before anything is written. */
  private assertPlan(planId: string, facts: PlanFacts): PlanFacts {
    assertPlan(planId, facts);
    const { features, limits } = facts;
    return {
      ...facts,
      ...(features && { features: this.catalogue.assertFeatures(features) }),
      ...(limits && { limits: this.catalogue.assertLimits(limits) }),
    };
  }

  private async write(planId: string, { features, ...others }: PlanFacts): Promise<PricingPlan> {
    const { em } = this.unitOfWork;
    const given = withoutUndefined(others);
    const existing = await em.findOne(PricingPlan, { id: planId });
    const plan = existing
      ? em.assign(existing, { ...given, ...(features && { features: [...features] }) })
      : em.create(PricingPlan, {
          ...given,
          id: planId,
          name: assertText(others.name, 'name'),
          features: [...(features ?? [])],
          createdAt: this.clock.now(),
        });
    await em.flush();
    await this.prices.follow(plan);
    return plan;
  }
}

function assertPlan(planId: string, facts: PlanFacts): void {
  if (!PLAN_ID_PATTERN.test(planId)) {
    throw new InvalidInputError('plan id', 'must be 1 to 63 lower-case letters, digits, dashes and underscores, such as pro.');
  }
  if (facts.currency !== undefined && !CURRENCY_PATTERN.test(facts.currency)) {
    throw new InvalidInputError('currency', 'must be an ISO 4217 code in lower case, such as usd.');
  }
  if (facts.name !== undefined) assertText(facts.name, 'name');
  for (const field of ['amountMonthly', 'amountYearly', 'trialDays', 'tierLevel', 'sortOrder'] as const) {
    const value = facts[field];
    if (value != null) assertInt32(value, field, field === 'sortOrder' ? -INT32_MAX : 0);
  }
}
