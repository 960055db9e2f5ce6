import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, assertInt32, assertOneOf, Clock, InvalidInputError, withoutUndefined } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { TenantCatalog, TenantNotFoundError } from '../tenants/index.js';
import { DuplicateStripeIdError, SubscriptionNotFoundError } from './billing.errors.js';
import { PlansService } from './plans.service.js';
import {
  PAYMENT_TYPES,
  type PaymentType,
  Subscription,
  SUBSCRIPTION_STATUSES,
  type SubscriptionStatus,
} from './subscription.entity.js';

/** What may be said of a subscription. */
export interface SubscriptionFacts {
  /** The id of a plan that exists. */
  readonly planTier: string;
  readonly status: SubscriptionStatus;
  readonly stripeSubId?: string | null;
  readonly stripeCustId?: string | null;
  readonly currentPeriodEnd?: Date | null;
  readonly cancelAtPeriodEnd?: boolean;
  /** @default 'subscription' */
  readonly paymentType?: PaymentType;
  /** In minor units of the plan's currency. */
  readonly amountCents?: number | null;
  readonly productName?: string | null;
  readonly trialEnd?: Date | null;
}

/** What tenants have bought. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly plans: PlansService,
    private readonly clock: Clock,
  ) {}

  /**
   * Records what a tenant has bought: changes its row with the same `stripeSubId` (or, without one, its row that has none either), or
   * adds one.
   *
   * @throws TenantNotFoundError, PlanNotFoundError, DuplicateStripeIdError, InvalidInputError
   */
  async upsert(tenantId: string, facts: SubscriptionFacts): Promise<Subscription> {
    const id = assertId(tenantId, 'tenant');
    assertFacts(facts);
    const given = withoutUndefined(facts);
    return this.unitOfWork.transactional(async (em) => {
      // What the caller has changed is written before the row is read anew.
      await em.flush();
      // The tenant's row is the lock of its subscriptions: of two events at once, the second finds the row of the first.
      const tenant = await em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      if (!tenant) throw new TenantNotFoundError(id);
      await this.plans.getById(facts.planTier);
      const existing = await em.findOne(Subscription, { tenant: id, stripeSubId: facts.stripeSubId ?? null });
      const subscription = existing
        ? em.assign(existing, given)
        : em.create(Subscription, { ...given, tenant, createdAt: this.clock.now() });
      try {
        await em.flush();
      } catch (cause) {
        if (cause instanceof UniqueConstraintViolationException) throw new DuplicateStripeIdError({ cause });
        throw cause;
      }
      return subscription;
    });
  }

  /** @throws SubscriptionNotFoundError */
  async getById(subscriptionId: string): Promise<Subscription> {
    const id = assertId(subscriptionId, 'subscription');
    const subscription = await this.unitOfWork.em.findOne(Subscription, { id });
    if (!subscription) throw new SubscriptionNotFoundError(id);
    return subscription;
  }

  /** Returns all that a tenant has bought, the newest first. */
  async findByTenant(tenantId: string): Promise<Subscription[]> {
    const where = { tenant: assertId(tenantId, 'tenant') };
    return this.unitOfWork.em.find(Subscription, where, { orderBy: { createdAt: 'desc', id: 'desc' } });
  }
}

function assertFacts(facts: SubscriptionFacts): void {
  assertOneOf(facts.status, SUBSCRIPTION_STATUSES, 'status');
  if (facts.paymentType !== undefined) assertOneOf(facts.paymentType, PAYMENT_TYPES, 'paymentType');
  if (facts.amountCents != null) assertInt32(facts.amountCents, 'amountCents');
  for (const field of ['currentPeriodEnd', 'trialEnd'] as const) {
    const date = facts[field];
    if (date != null && Number.isNaN(date.getTime())) throw new InvalidInputError(field, 'is not a date.');
  }
}
