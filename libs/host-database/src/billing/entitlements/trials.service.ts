import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, assertInt32, Clock, InvalidInputError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantCatalog, TenantNotFoundError } from '../../tenants/index.js';
import { PlanNotFoundError } from '../billing.errors.js';
import { PricingPlan } from '../pricing-plan.entity.js';
import { Subscription } from '../subscription.entity.js';
import { snapshotOf } from './entitlement-snapshot.js';
import { TrialUsedError } from './entitlements.errors.js';
import { TenantTrial } from './tenant-trial.entity.js';

const DAY_MS = 86_400_000;

/** Which trial is given. */
export interface NewTrial {
  readonly planId: string;
  /** @default the `trialDays` of the plan */
  readonly days?: number;
}

/** The trials that the host gives, without Stripe: one for each tenant, ever. */
@Injectable()
export class TrialsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a tenant what a plan includes, from now on for some days. A trial by a subscription counts as its trial, too. In one transaction, the
   * caller's if there is one.
   *
   * @throws TrialUsedError, TenantNotFoundError, PlanNotFoundError, InvalidInputError
   */
  async start(tenantId: string, { planId, days }: NewTrial): Promise<TenantTrial> {
    const id = assertId(tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      // The tenant's row is the lock: of two at once, the second finds the trial of the first.
      const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
      await em.flush();
      if (!(await em.findOne(TenantCatalog, { id }, lock))) throw new TenantNotFoundError(id);
      const plan = await em.findOne(PricingPlan, { id: planId });
      if (!plan) throw new PlanNotFoundError(planId);
      if (await this.isUsed(id)) throw new TrialUsedError(id);
      const startedAt = this.clock.now();
      const length = daysOf(days ?? plan.trialDays ?? 0);
      const endsAt = new Date(startedAt.getTime() + length * DAY_MS);
      const trial = em.create(TenantTrial, { tenantId: id, planId, startedAt, endsAt, entitlements: snapshotOf(plan) });
      await em.flush();
      return trial;
    });
  }

  /** Finds the trial that the host has given, also one that is over. */
  async find(tenantId: string): Promise<TenantTrial | null> {
    return this.unitOfWork.em.findOne(TenantTrial, { tenantId: assertId(tenantId, 'tenant') });
  }

  /** Whether a tenant has had its trial, by the host or by a subscription. */
  async isUsed(tenantId: string): Promise<boolean> {
    const id = assertId(tenantId, 'tenant');
    const { em } = this.unitOfWork;
    if ((await em.count(TenantTrial, { tenantId: id })) > 0) return true;
    return (await em.count(Subscription, { tenant: id, trialEnd: { $ne: null } })) > 0;
  }
}

function daysOf(days: number): number {
  if (assertInt32(days, 'days') === 0) throw new InvalidInputError('days', 'must be at least 1: the plan has no trial.');
  return days;
}
