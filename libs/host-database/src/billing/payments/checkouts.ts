import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { assertId, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TrialsService } from '../entitlements/index.js';
import { PlanNotFoundError } from '../billing.errors.js';
import { PlansService } from '../plans.service.js';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import type { Checkout } from './checkout.entity.js';
import {
  type CheckoutParameters,
  fingerprintOf,
  type NewCheckout,
  type NewPurchase,
  purchaseParameters,
  subscriptionParameters,
} from './checkout-parameters.js';
import { CheckoutRows } from './checkout-rows.js';
import { CheckoutSessions } from './checkout-sessions.js';
import { CheckoutUnderWayError } from './payments.errors.js';
import { PlanPrices } from './plan-prices.js';
import { StripeCustomers } from './stripe-customers.js';

/** For how long an answer that somebody else waits for is waited for, before Stripe is asked again for the same. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 50;
/** How young a checkout is that somebody may still be asking Stripe for. */
const MAY_BE_ASKED_MS = 120_000;
const ROUNDS = 5;

/** A checkout that can be paid. */
export interface StartedCheckout {
  /** The id of the row in `core_checkouts`. */
  readonly id: string;
  /** Where to send who pays. */
  readonly url: string;
  readonly stripeCheckoutId: string;
}

/** Starts what tenants pay: a subscription, or something that is paid once. Not to be called in a transaction. */
@Injectable()
export class Checkouts {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly plans: PlansService,
    private readonly prices: PlanPrices,
    private readonly trials: TrialsService,
    private readonly customers: StripeCustomers,
    private readonly rows: CheckoutRows,
    private readonly sessions: CheckoutSessions,
    private readonly stripe: StripeGateway,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts the checkout of a subscription. The same again, also at the same time or after a crash, is the same session; something else
   * ends the one before.
   *
   * @throws LiveSubscriptionExistsError, CheckoutUnderWayError, CheckoutPaidError, PlanNotFoundError, PlanPriceNotFoundError,
   * TenantNotFoundError, InvalidInputError, StripeNotConfiguredError, StripeCallInTransactionError, and what the SDK throws
   */
  async start(tenantId: string, wanted: NewCheckout): Promise<StartedCheckout> {
    const id = assertId(tenantId, 'tenant');
    this.stripe.assertCallable();
    const facts = await this.unitOfWork.run(async () => {
      const { trialDays, isActive } = await this.plans.getById(wanted.planId);
      if (!isActive) throw new PlanNotFoundError(wanted.planId);
      const price = (await this.prices.priceFor(wanted.planId, wanted.interval)).id;
      const isTrial = wanted.trial === true && !(await this.trials.isUsed(id));
      return { price, trialDays: isTrial ? (trialDays ?? 0) : 0 };
    });
    // What is wrong with it is said before there is a customer.
    subscriptionParameters(wanted, { tenantId: id, customer: '', ...facts });
    const customer = await this.customers.ensure(id);
    return this.begin(id, subscriptionParameters(wanted, { tenantId: id, customer, ...facts }));
  }

  /**
   * Starts a checkout in which something is paid once, as {@link start} does; a live subscription is no obstacle.
   *
   * @throws CheckoutUnderWayError, CheckoutPaidError, PlanNotFoundError, TenantNotFoundError, InvalidInputError,
   * StripeNotConfiguredError, StripeCallInTransactionError, and what the SDK throws
   */
  async startPurchase(tenantId: string, wanted: NewPurchase): Promise<StartedCheckout> {
    const id = assertId(tenantId, 'tenant');
    this.stripe.assertCallable();
    await this.unitOfWork.run(() => this.plans.getById(wanted.planId));
    purchaseParameters(wanted, { tenantId: id, customer: '' });
    const customer = await this.customers.ensure(id);
    return this.begin(id, purchaseParameters(wanted, { tenantId: id, customer }));
  }

  private async begin(tenantId: string, wanted: CheckoutParameters): Promise<StartedCheckout> {
    const { paymentType } = wanted;
    const fingerprint = fingerprintOf(wanted);
    for (let round = 0; round < ROUNDS; round++) {
      const { checkout, isNew, isWanted } = await this.rows.claim({ tenantId, paymentType, fingerprint });
      const current = isNew ? checkout : await this.whenAnswered(checkout);
      if (!isWanted) {
        await this.giveUp(tenantId, current, wanted.customer);
        continue;
      }
      if (current.status === 'open') return startedOf(current);
      if (current.status !== 'starting') continue;
      const session = await this.sessions.create(current.id, wanted);
      if (session && (await this.rows.open(current.id, session))) {
        return { id: current.id, url: session.url, stripeCheckoutId: session.id };
      }
      // It was given up while Stripe was asked: what Stripe has made of it is not to be paid.
      if (session) await this.sessions.end(tenantId, session.id);
    }
    throw new CheckoutUnderWayError(tenantId);
  }

  /** Waits a moment for whoever is asking Stripe. */
  private async whenAnswered(checkout: Checkout): Promise<Checkout> {
    let current: Checkout = checkout;
    for (let waitedMs = 0; current.status === 'starting' && waitedMs < PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
      if (!this.mayBeAsked(current)) return current;
      await wait(LOOK_EVERY_MS);
      current = (await this.rows.find(current.id)) ?? current;
    }
    return current;
  }

  /** Has a checkout end that is not wanted any more. Nobody can pay it then. */
  private async giveUp(tenantId: string, checkout: Checkout, customer: string): Promise<void> {
    const sessionId = checkout.stripeCheckoutId ?? (await this.sessions.find(checkout.id, customer))?.id;
    if (sessionId != null) await this.sessions.end(tenantId, sessionId);
    else if (this.mayBeAsked(checkout)) throw new CheckoutUnderWayError(tenantId);
    await this.rows.expire(checkout.id);
  }

  private mayBeAsked({ createdAt }: Checkout): boolean {
    return this.clock.now().getTime() - createdAt.getTime() < MAY_BE_ASKED_MS;
  }
}

function startedOf({ id, url, stripeCheckoutId }: Checkout): StartedCheckout {
  // An open one has both: they are written together.
  return { id, url: url ?? '', stripeCheckoutId: stripeCheckoutId ?? '' };
}
