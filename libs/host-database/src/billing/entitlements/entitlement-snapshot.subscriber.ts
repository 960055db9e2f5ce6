import {
  type EntityManager,
  type EventSubscriber,
  FlushMode,
  type FlushEventArgs,
  helper,
  type UnitOfWork,
} from '@mikro-orm/core';
import { FOLLOWS_CHANGES } from '../../database/index.js';
import { PricingPlan } from '../pricing-plan.entity.js';
import { Subscription } from '../subscription.entity.js';
import { snapshotOf } from './entitlement-snapshot.js';

/**
 * Copies what a plan includes to each subscription that begins with it or changes to it, whoever writes it, in the same flush. A plan that
 * there is not leaves no copy.
 */
export class EntitlementSnapshotSubscriber implements EventSubscriber {
  readonly [FOLLOWS_CHANGES] = true;

  async beforeFlush({ em, uow }: FlushEventArgs): Promise<void> {
    for (const subscription of changedOf(em, uow)) {
      const { planTier } = subscription;
      if (subscription.entitlements?.planId === planTier) continue;
      const plan = await findPlan(planTier, { em, uow });
      subscription.entitlements = plan ? snapshotOf(plan) : null;
    }
  }
}

/** The subscriptions that are new, or of another plan than they were read with. */
function changedOf(em: EntityManager, uow: UnitOfWork): Subscription[] {
  const added = [...uow.getPersistStack()].filter((entity) => entity instanceof Subscription);
  const managed = [...uow.getIdentityMap().getStore(em.getMetadata(Subscription)).values()];
  return [...new Set([...added, ...managed])].filter((subscription) => {
    const { __initialized, __originalEntityData } = helper(subscription);
    return __initialized && __originalEntityData?.planTier !== subscription.planTier;
  });
}

/** Finds a plan, also one that this flush will write. */
async function findPlan(id: string, { em, uow }: Pick<FlushEventArgs, 'em' | 'uow'>): Promise<PricingPlan | null> {
  for (const entity of uow.getPersistStack()) if (entity instanceof PricingPlan && entity.id === id) return entity;
  // Inside of a flush nothing else is to be flushed.
  return em.findOne(PricingPlan, { id }, { flushMode: FlushMode.COMMIT });
}
