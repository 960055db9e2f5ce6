import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { PlanNotFoundError } from '../billing.errors.js';
import { PricingPlan } from '../pricing-plan.entity.js';
import { Subscription } from '../subscription.entity.js';
import { isSameSnapshot, snapshotOf } from './entitlement-snapshot.js';
import { TenantTrial } from './tenant-trial.entity.js';

/** Whether something is done, or only said what would be. */
export interface DryRunOptions {
  /** @default false */
  readonly dryRun?: boolean;
}

/** For whom a plan was changed, or would be. */
export interface PlanApplication {
  readonly planId: string;
  readonly isDryRun: boolean;
  /** Those who had something else of this plan, each once, sorted. */
  readonly tenantIds: readonly string[];
}

/** How many rows are held at a time. */
const PAGE = 500;
/** Nothing comes back from these. */
const ENDED = ['canceled', 'incomplete_expired'] as const;

/** Gives what plans include now to those who have them already. */
@Injectable()
export class PlanApplications {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** In one transaction, the caller's if there is one. @throws PlanNotFoundError */
  async apply(planId: string, { dryRun: isDryRun = false }: DryRunOptions = {}): Promise<PlanApplication> {
    return this.unitOfWork.transactional(async (em) => {
      await em.flush();
      const plan = await em.findOne(PricingPlan, { id: planId }, { refresh: true });
      if (!plan) throw new PlanNotFoundError(planId);
      const now = snapshotOf(plan);
      const tenantIds = new Set<string>();
      const lock = isDryRun ? {} : ({ lockMode: LockMode.PESSIMISTIC_WRITE } as const);
      for (let after = ''; ;) {
        const where = { planTier: planId, status: { $nin: [...ENDED] }, id: { $gt: after } };
        const page = await em.find(Subscription, where, { orderBy: { id: 'asc' }, limit: PAGE, refresh: true, ...lock });
        for (const subscription of page) {
          if (isSameSnapshot(subscription.entitlements, now)) continue;
          tenantIds.add(subscription.tenant.id);
          if (!isDryRun) subscription.entitlements = now;
        }
        await em.flush();
        after = page.at(-1)?.id ?? '';
        if (page.length < PAGE) break;
      }
      for (const trial of await em.find(TenantTrial, { planId }, { refresh: true, ...lock })) {
        if (isSameSnapshot(trial.entitlements, now)) continue;
        tenantIds.add(trial.tenantId);
        if (!isDryRun) trial.entitlements = now;
      }
      await em.flush();
      return { planId, isDryRun, tenantIds: [...tenantIds].toSorted() };
    });
  }
}
