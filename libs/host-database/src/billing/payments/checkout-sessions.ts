import { Injectable } from '@nestjs/common';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import type { CheckoutParameters } from './checkout-parameters.js';
import { CheckoutRows, type CheckoutSession } from './checkout-rows.js';
import { CheckoutPaidError, UnexpectedStripeAnswerError } from './payments.errors.js';

const CONFLICT = 409;
const TOO_MANY_REQUESTS = 429;

/** The checkout sessions at Stripe. */
@Injectable()
export class CheckoutSessions {
  constructor(
    private readonly stripe: StripeGateway,
    private readonly rows: CheckoutRows,
  ) {}

  /**
   * Asks Stripe for the session of a checkout: the same one, however often it is asked for. Undefined while Stripe is answering somebody
   * else. What Stripe refuses is given up, unless it has made the session after all.
   */
  async create(checkoutId: string, { params, customer }: CheckoutParameters): Promise<CheckoutSession | undefined> {
    // By it the session is found whose answer was lost.
    const metadata = { ...params.metadata, checkout_id: checkoutId };
    try {
      const session = await this.stripe.call((api) =>
        api.checkout.sessions.create({ ...params, metadata }, { idempotencyKey: `checkout:${checkoutId}` }),
      );
      return sessionOf(session);
    } catch (error) {
      const status = statusOf(error);
      if (status === CONFLICT) return undefined;
      if (status === undefined || status === TOO_MANY_REQUESTS) throw error;
      const made = await this.find(checkoutId, customer).catch(() => {
        throw error;
      });
      if (made) return made;
      await this.rows.expire(checkoutId);
      throw error;
    }
  }

  /** Finds the open session of a checkout whose answer was lost. */
  async find(checkoutId: string, customer: string): Promise<CheckoutSession | undefined> {
    const { data } = await this.stripe.call((api) => api.checkout.sessions.list({ customer, status: 'open', limit: 100 }));
    const made = data.find(({ metadata }) => (metadata as Record<string, unknown> | null)?.['checkout_id'] === checkoutId);
    return made && sessionOf(made);
  }

  /**
   * Has a session end, so that it cannot be paid any more.
   *
   * @throws CheckoutPaidError where it is paid already
   */
  async end(tenantId: string, sessionId: string): Promise<void> {
    try {
      await this.stripe.call((api) => api.checkout.sessions.expire(sessionId));
    } catch (error) {
      const { status } = await this.stripe.call((api) => api.checkout.sessions.retrieve(sessionId));
      if (status === 'complete') throw new CheckoutPaidError(tenantId, sessionId);
      if (status !== 'expired') throw error;
    }
  }
}

function sessionOf({
  id,
  url,
  expires_at: expiresAt,
}: {
  readonly id: string;
  readonly [field: string]: unknown;
}): CheckoutSession {
  if (typeof url !== 'string') throw new UnexpectedStripeAnswerError(id, 'url');
  if (typeof expiresAt !== 'number') throw new UnexpectedStripeAnswerError(id, 'expires_at');
  return { id, url, expiresAt: new Date(expiresAt * 1000) };
}

/** The HTTP status of what the SDK has thrown; undefined where there was no answer. */
function statusOf(error: unknown): number | undefined {
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}
