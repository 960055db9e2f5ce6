import { HostDatabaseError } from '../../common/index.js';

/** Something was asked for that only Stripe can do, where there is none. */
export class StripeNotConfiguredError extends HostDatabaseError {
  readonly code = 'BILLING_STRIPE_NOT_CONFIGURED';

  constructor() {
    super('There is no Stripe here. Pass billing.stripe to the module, or write subscriptions yourself.');
  }
}

/** The SDK is an optional peer of the library, and is not installed. */
export class StripePackageMissingError extends HostDatabaseError {
  readonly code = 'BILLING_STRIPE_PACKAGE_MISSING';

  constructor(options?: ErrorOptions) {
    super('billing.stripe needs the package stripe, which could not be loaded. Install it: npm install stripe@23', options);
  }
}

/** Stripe was to be called while a transaction is open, which others would have to wait for. Nothing was called. */
export class StripeCallInTransactionError extends HostDatabaseError {
  readonly code = 'BILLING_STRIPE_CALL_IN_TRANSACTION';

  constructor() {
    super('Stripe is not called inside a transaction, since its answer may take long. Call it before or after.');
  }
}
