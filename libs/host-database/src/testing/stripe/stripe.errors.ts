import { HostDatabaseError } from '../../common/index.js';

/** What Stripe answers to a request that it refuses. */
export interface StripeRefusal {
  /** The HTTP status. @default 400 */
  readonly status?: number;
  /** @default 'invalid_request_error' */
  readonly type?: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  /** Stripe's own code, such as `resource_missing`. */
  readonly stripeCode?: string;
  readonly declineCode?: string;
  /** The parameter that is wrong. */
  readonly param?: string;
}

/** The fake Stripe refuses what was asked of it, as Stripe would. The SDK sees the same as one of its own errors. */
export class FakeStripeRefusedError extends HostDatabaseError {
  readonly code = 'TESTING_STRIPE_REFUSED';
  readonly status: number;
  readonly type: NonNullable<StripeRefusal['type']>;
  readonly stripeCode: string | undefined;
  readonly declineCode: string | undefined;
  readonly param: string | undefined;

  constructor(
    message: string,
    { status = 400, type = 'invalid_request_error', stripeCode, declineCode, param }: StripeRefusal = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.stripeCode = stripeCode;
    this.declineCode = declineCode;
    this.param = param;
  }
}

/** The fake Stripe was used before it was started, or after it was stopped. */
export class FakeStripeStoppedError extends HostDatabaseError {
  readonly code = 'TESTING_STRIPE_STOPPED';

  constructor() {
    super('This fake Stripe does not listen. Make it with FakeStripe.start(), and stop it after the last use.');
  }
}
