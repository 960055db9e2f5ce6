import { stripeId } from '../account/ids.js';
import type { Dispute } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

const DAY = 86_400;
const ANSWER_WITHIN = 7 * DAY;

/** Payments that a customer has their bank take back. */
export class Disputes {
  constructor(private readonly account: StripeAccount) {}

  open(paymentIntentId: string, reason: string): Dispute {
    const intent = this.account.paymentIntents.get(paymentIntentId);
    if (intent.status !== 'succeeded' || intent.latest_charge === null) {
      throw new FakeStripeRefusedError(`The payment ${paymentIntentId} is ${intent.status}: only what was paid can be disputed.`);
    }
    const charge = this.account.charges.get(intent.latest_charge);
    if (charge.disputed)
      throw new FakeStripeRefusedError(`The charge ${charge.id} is disputed already.`, { stripeCode: 'charge_disputed' });
    const now = this.account.time.now;
    const dispute = this.account.disputes.add({
      id: stripeId('du'),
      object: 'dispute',
      amount: charge.amount - charge.amount_refunded,
      balance_transactions: [],
      charge: charge.id,
      created: now,
      currency: charge.currency,
      enhanced_eligibility_types: [],
      evidence: noEvidence(),
      evidence_details: {
        due_by: now + ANSWER_WITHIN,
        enhanced_eligibility: {},
        has_evidence: false,
        past_due: false,
        submission_count: 0,
        submission_method: 'not_submitted',
      },
      intended_submission_method: null,
      is_charge_refundable: false,
      livemode: false,
      metadata: {},
      payment_intent: intent.id,
      reason,
      status: 'needs_response',
    });
    charge.disputed = true;
    this.account.emit('charge.dispute.created', dispute);
    this.account.emit('charge.dispute.funds_withdrawn', dispute);
    return dispute;
  }

  close(id: string, outcome: 'lost' | 'won'): void {
    const dispute = this.account.disputes.get(id);
    if (dispute.status === 'won' || dispute.status === 'lost')
      throw new FakeStripeRefusedError(`The dispute ${id} is ${dispute.status} already.`);
    dispute.status = outcome;
    if (outcome === 'won') this.account.emit('charge.dispute.funds_reinstated', dispute);
    this.account.emit('charge.dispute.closed', dispute);
  }
}

function noEvidence(): Dispute['evidence'] {
  return {
    access_activity_log: null,
    billing_address: null,
    cancellation_policy: null,
    cancellation_policy_disclosure: null,
    cancellation_rebuttal: null,
    customer_communication: null,
    customer_email_address: null,
    customer_name: null,
    customer_purchase_ip: null,
    customer_signature: null,
    duplicate_charge_documentation: null,
    duplicate_charge_explanation: null,
    duplicate_charge_id: null,
    enhanced_evidence: {},
    product_description: null,
    receipt: null,
    refund_policy: null,
    refund_policy_disclosure: null,
    refund_refusal_explanation: null,
    service_date: null,
    service_documentation: null,
    shipping_address: null,
    shipping_carrier: null,
    shipping_date: null,
    shipping_documentation: null,
    shipping_tracking_number: null,
    uncategorized_file: null,
    uncategorized_text: null,
  };
}
