import type { EventSubscriber, FlushEventArgs } from '@mikro-orm/core';
import { EVERY_TENANT, FOLLOWS_CHANGES, type TransactionScope } from '../../database/index.js';
import { PricingPlan } from '../pricing-plan.entity.js';
import { Subscription } from '../subscription.entity.js';
import { AccessStanding } from './access-standing.entity.js';
import type { BillingChanges } from './billing-changes.js';
import { TenantTrial } from './tenant-trial.entity.js';

/** Has this process forget at once, behind the commit, what it has changed itself: others hear of it a moment later. */
export class BillingChangesSubscriber implements EventSubscriber {
  readonly [FOLLOWS_CHANGES] = true;

  constructor(
    private readonly scope: TransactionScope,
    private readonly changes: BillingChanges,
  ) {}

  async afterFlush({ uow, em }: FlushEventArgs): Promise<void> {
    const changed = new Set(uow.getChangeSets().map(({ entity }) => subjectOf(entity)));
    changed.delete(undefined);
    if (changed.size === 0) return;
    const tell = () => this.changes.noteOwn([...changed].filter((tenantId) => tenantId !== undefined));
    const frame = this.scope.frameOf(em);
    if (frame) frame.afterCommit.push(tell);
    else tell();
  }
}

/** The tenant that a row is about, `*` for all; undefined where it says nothing of what anybody has. */
function subjectOf(entity: object): string | undefined {
  if (entity instanceof Subscription) return entity.tenant.id;
  if (entity instanceof TenantTrial || entity instanceof AccessStanding) return entity.tenantId;
  return entity instanceof PricingPlan ? EVERY_TENANT : undefined;
}
