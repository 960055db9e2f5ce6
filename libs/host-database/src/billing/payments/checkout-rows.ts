import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantCatalog, TenantNotFoundError } from '../../tenants/index.js';
import { LIVE_SUBSCRIPTION_STATUSES, type PaymentType, Subscription } from '../subscription.entity.js';
import { Checkout, type CheckoutStatus } from './checkout.entity.js';
import { LiveSubscriptionExistsError } from './payments.errors.js';

const UNDER_WAY: CheckoutStatus[] = ['starting', 'open'];

/** Which checkout is wanted. */
export interface WantedCheckout {
  readonly tenantId: string;
  readonly paymentType: PaymentType;
  readonly fingerprint: string;
}

/** Which checkout of a tenant is under way, and whether it is the wanted one. */
export interface ClaimedCheckout {
  readonly checkout: Checkout;
  /** Whether it was written just now: nobody else asks Stripe for it. */
  readonly isNew: boolean;
  readonly isWanted: boolean;
}

/** What Stripe says of a session. */
export interface CheckoutSession {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: Date;
}

/** The checkouts under way as the database has them. Each method is a short transaction of its own. */
@Injectable()
export class CheckoutRows {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the checkout of this kind that is under way, or writes a new one. The tenant's row is the lock: of two at once, the second finds
   * the checkout of the first.
   *
   * @throws TenantNotFoundError, LiveSubscriptionExistsError
   */
  async claim({ tenantId: tenant, paymentType, fingerprint }: WantedCheckout): Promise<ClaimedCheckout> {
    return this.transactional(async (em) => {
      const locked = await em.findOne(TenantCatalog, { id: tenant }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!locked) throw new TenantNotFoundError(tenant);
      if (paymentType === 'subscription') await this.assertNoneLive(tenant);
      const found = await em.findOne(Checkout, { tenant, paymentType, status: { $in: UNDER_WAY } });
      if (found) return { checkout: found, isNew: false, isWanted: found.fingerprint === fingerprint && !this.isOver(found) };
      const now = this.clock.now();
      const checkout = em.create(Checkout, { tenant: locked, paymentType, fingerprint, status: 'starting', createdAt: now });
      return { checkout, isNew: true, isWanted: true };
    });
  }

  /** Records what Stripe has answered. False where the checkout was given up meanwhile. */
  async open(checkoutId: string, { id, url, expiresAt }: CheckoutSession): Promise<boolean> {
    return this.transactional(async (em) => {
      const checkout = await em.findOne(Checkout, { id: checkoutId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (checkout?.status === 'starting') em.assign(checkout, { status: 'open', stripeCheckoutId: id, url, expiresAt });
      return checkout?.status === 'open' && checkout.stripeCheckoutId === id;
    });
  }

  async find(checkoutId: string): Promise<Checkout | null> {
    return this.unitOfWork.run((em) => em.findOne(Checkout, { id: checkoutId }));
  }

  /** Records that a checkout can no longer be paid. One that was paid stays so. */
  async expire(checkoutId: string): Promise<void> {
    await this.unitOfWork.run((em) =>
      em.nativeUpdate(Checkout, { id: checkoutId, status: { $in: UNDER_WAY } }, { status: 'expired' }),
    );
  }

  private async assertNoneLive(tenant: string): Promise<void> {
    const live = await this.unitOfWork.em.findOne(Subscription, {
      tenant,
      paymentType: 'subscription',
      duplicateOf: null,
      status: { $in: [...LIVE_SUBSCRIPTION_STATUSES] },
    });
    if (live) throw new LiveSubscriptionExistsError(tenant, live.id);
  }

  private isOver({ expiresAt }: Checkout): boolean {
    return expiresAt != null && expiresAt.getTime() <= this.clock.now().getTime();
  }

  /** In a unit of work of its own: nothing of the caller's is written with it, and nothing that was loaded before is believed. */
  private transactional<T>(work: (em: UnitOfWork['em']) => Promise<T>): Promise<T> {
    return this.unitOfWork.run(() => this.unitOfWork.transactional(work));
  }
}
