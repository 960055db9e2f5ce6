import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { SubscriptionState, TrialState } from '../access-decision/index.js';
import { BILLING_OPTIONS, type ResolvedBillingOptions } from '../billing.options.js';
import { PricingPlan } from '../pricing-plan.entity.js';
import { Subscription } from '../subscription.entity.js';
import { AccessStanding, type Standing } from './access-standing.entity.js';
import { type EntitlementSnapshot, snapshotOf } from './entitlement-snapshot.js';
import { type Grants, grantsOf, NO_GRANTS } from './grants.js';
import { TenantTrial } from './tenant-trial.entity.js';

/** Something that was bought, and what it includes. */
interface HeldSubscription extends SubscriptionState {
  readonly id: string;
  readonly grants: Grants;
}

/** What a tenant has, before the time is looked at. */
export interface HeldFacts {
  /** Subscriptions before purchases, the newest first. */
  readonly subscriptions: readonly HeldSubscription[];
  readonly trial: (TrialState & { readonly grants: Grants }) | undefined;
}

/** What there is to know of a tenant before the time is looked at. */
export interface EntitlementFacts extends HeldFacts {
  /** What everybody has; undefined where there is no such plan. */
  readonly free: Grants | undefined;
  readonly standing: Standing;
}

const FRESH = { disableIdentityMap: true } as const;

/** Reads what tenants have, as it is in the database. */
@Injectable()
export class EntitlementReader {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(BILLING_OPTIONS) private readonly options: ResolvedBillingOptions,
  ) {}

  async read(tenantId: string): Promise<EntitlementFacts> {
    const { em } = this.unitOfWork;
    const facts = await this.readHeld(tenantId);
    const standing = await em.findOne(AccessStanding, { tenantId }, FRESH);
    const free = await em.findOne(PricingPlan, { id: this.options.freePlan }, FRESH);
    return { ...facts, free: free ? grantsOf(snapshotOf(free)) : undefined, standing: standing?.standing ?? 'open' };
  }

  /** What a tenant has itself, for who need not know what is free. */
  async readHeld(tenantId: string): Promise<HeldFacts> {
    const { em } = this.unitOfWork;
    const order = { orderBy: { createdAt: 'desc', id: 'desc' } } as const;
    const rows = await em.find(Subscription, { tenant: tenantId }, { ...order, ...FRESH });
    const trial = await em.findOne(TenantTrial, { tenantId }, FRESH);
    const plans = await this.plansWithoutCopies(rows);
    return {
      subscriptions: rows.toSorted((one, other) => rankOf(one) - rankOf(other)).map((row) => held(row, plans)),
      trial: trial ? { endsAt: trial.endsAt, grants: grantsOf(trial.entitlements) } : undefined,
    };
  }

  /** A copy that is missing, or of another plan, is that of a row which was not written through the unit of work. */
  private async plansWithoutCopies(rows: readonly Subscription[]): Promise<ReadonlyMap<string, Grants>> {
    const ids = new Set(rows.filter((row) => copyOf(row) === undefined).map(({ planTier }) => planTier));
    if (ids.size === 0) return new Map();
    const plans = await this.unitOfWork.em.find(PricingPlan, { id: [...ids] }, FRESH);
    return new Map(plans.map((plan) => [plan.id, grantsOf(snapshotOf(plan))]));
  }
}

function held(row: Subscription, plans: ReadonlyMap<string, Grants>): HeldSubscription {
  const copy = copyOf(row);
  const grants = copy ? grantsOf(copy) : (plans.get(row.planTier) ?? NO_GRANTS);
  const state: SubscriptionState = row;
  const { status, paymentType, stripeSubId, duplicateOf, trialEnd, currentPeriodEnd, cancelAtPeriodEnd, cancelAt } = state;
  const { firstPastDueAt, graceUntil, isCollectionPaused, paymentStatus, isRefunded, dispute } = state;
  return {
    id: row.id,
    grants,
    status,
    paymentType,
    stripeSubId,
    duplicateOf,
    trialEnd,
    currentPeriodEnd,
    cancelAtPeriodEnd,
    cancelAt,
    firstPastDueAt,
    graceUntil,
    isCollectionPaused,
    paymentStatus,
    isRefunded,
    dispute,
  };
}

/** Of two that give the same the first decides, and a subscription says more than what was bought beside it. */
function rankOf({ paymentType }: Subscription): number {
  return paymentType === 'one_time' ? 1 : 0;
}

function copyOf({ entitlements, planTier }: Subscription): EntitlementSnapshot | undefined {
  return entitlements?.planId === planTier ? entitlements : undefined;
}
