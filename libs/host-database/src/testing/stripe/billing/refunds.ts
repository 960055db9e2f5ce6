import { stripeId } from '../account/ids.js';
import type { Charge, Refund } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { parameterInvalid } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

/** What is given back. */
export interface RefundFacts {
  readonly charge: Charge;
  /** @default all that is left */
  readonly amount?: number | undefined;
  readonly reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer' | undefined;
  readonly metadata?: Record<string, string>;
}

/** Gives money back. */
export class Refunds {
  constructor(private readonly account: StripeAccount) {}

  create({ charge, amount, reason, metadata = {} }: RefundFacts): Refund {
    const left = charge.amount_captured - charge.amount_refunded;
    if (left === 0) {
      throw new FakeStripeRefusedError(`Charge ${charge.id} has already been refunded.`, {
        stripeCode: 'charge_already_refunded',
      });
    }
    const back = amount ?? left;
    if (back < 1 || back > left)
      throw parameterInvalid('amount', `must be between 1 and the ${left} that are left of the charge`);
    const refund = this.account.refunds.add({
      id: stripeId('re'),
      object: 'refund',
      amount: back,
      balance_transaction: stripeId('txn'),
      charge: charge.id,
      created: this.account.time.now,
      currency: charge.currency,
      customer: charge.customer,
      customer_account: null,
      metadata,
      payment_intent: charge.payment_intent,
      payment_method: charge.payment_method,
      reason: reason ?? null,
      receipt_number: null,
      source_transfer_reversal: null,
      status: 'succeeded',
      transfer_reversal: null,
    });
    this.account.change(charge, 'charge.refunded', (one) => {
      one.amount_refunded += back;
      one.refunded = one.amount_refunded === one.amount_captured;
    });
    this.account.emit('refund.created', refund);
    return refund;
  }

  /** The bank sends the money back: the charge is not refunded after all. */
  fail(id: string): void {
    const refund = this.account.refunds.get(id);
    if (refund.status === 'failed') throw new FakeStripeRefusedError(`Refund ${id} has failed already.`);
    refund.failure_reason = 'expired_or_canceled_card';
    refund.status = 'failed';
    this.account.change(this.account.charges.get(refund.charge), 'charge.updated', (charge) => {
      charge.amount_refunded -= refund.amount;
      charge.refunded = false;
    });
    this.account.emit('refund.failed', refund);
  }
}
