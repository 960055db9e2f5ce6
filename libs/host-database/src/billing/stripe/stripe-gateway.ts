import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { BILLING_OPTIONS, type ResolvedBillingOptions } from '../billing.options.js';
import { Pace } from './pace.js';
import type { ResolvedStripeOptions } from './stripe.options.js';
import { StripeCallInTransactionError, StripeNotConfiguredError, StripePackageMissingError } from './stripe.errors.js';
import type { StripeApi } from './stripe-api.js';

/** The version of the API that is spoken, whatever the account's own is: the SDK's. */
const STRIPE_API_VERSION = '2026-10-28.endive';

/** The way to Stripe: loads the SDK when it is first needed, and keeps to the pace that Stripe allows. */
@Injectable()
export class StripeGateway {
  private readonly stripe: ResolvedStripeOptions | undefined;
  private readonly pace: Pace | undefined;
  private loading: Promise<StripeApi> | undefined;

  constructor(
    @Inject(BILLING_OPTIONS) { stripe }: ResolvedBillingOptions,
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.stripe = stripe;
    this.pace = stripe && new Pace(stripe.requestsPerSecond);
  }

  get isConfigured(): boolean {
    return this.stripe !== undefined;
  }

  /** @throws StripeNotConfiguredError */
  get options(): ResolvedStripeOptions {
    if (!this.stripe) throw new StripeNotConfiguredError();
    return this.stripe;
  }

  /**
   * Says before any work is done whether Stripe can be called here.
   *
   * @throws StripeNotConfiguredError, StripeCallInTransactionError
   */
  assertCallable(): ResolvedStripeOptions {
    if (this.unitOfWork.transactionEm) throw new StripeCallInTransactionError();
    return this.options;
  }

  /**
   * Makes calls, each when its turn has come. Never to be called in a transaction: Stripe may take its time.
   *
   * @throws StripeNotConfiguredError, StripePackageMissingError, StripeCallInTransactionError, and what the SDK throws
   */
  async call<T>(work: (api: StripeApi) => PromiseLike<T>): Promise<T> {
    const options = this.assertCallable();
    this.loading ??= load(options);
    const api = await this.loading.catch((error: unknown) => {
      this.loading = undefined;
      throw error;
    });
    await this.pace?.turn();
    return work(api);
  }
}

async function load({ apiKey, connection, timeoutMs }: ResolvedStripeOptions): Promise<StripeApi> {
  const { default: Stripe } = await import('stripe').catch((cause: unknown) => {
    throw new StripePackageMissingError({ cause });
  });
  const client = new Stripe(apiKey, {
    apiVersion: STRIPE_API_VERSION,
    timeout: timeoutMs,
    // Repeated by the SDK, with the same idempotency key each time; whatever still fails then is tried again by the queue.
    maxNetworkRetries: 2,
    telemetry: false,
    ...connection,
  });
  return client as unknown as StripeApi;
}
