import { stripeId } from '../account/ids.js';
import type { Charge, Customer, PaymentIntent, PaymentMethod } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { alwaysFails, needsConfirmation } from '../resources/payment-methods.js';

/** What became of an attempt to pay. */
export interface PaymentAttempt {
  readonly intent: PaymentIntent;
  readonly outcome: 'succeeded' | 'failed' | 'processing' | 'requires_action';
}

/** What is to be paid, by whom and how. */
export interface PaymentFacts {
  readonly customer: Customer | null;
  readonly method: PaymentMethod | undefined;
  readonly amount: number;
  readonly currency: string;
  readonly description?: string;
  readonly metadata?: Record<string, string>;
  /** The intent of an earlier attempt. */
  readonly intent?: PaymentIntent | undefined;
}

/** Moves money, or does not: cards at once, debits after days. */
export class Payments {
  constructor(private readonly account: StripeAccount) {}

  /** Makes an intent that waits for a payment method. */
  intentFor({ customer, amount, currency, description, metadata = {} }: Omit<PaymentFacts, 'method'>): PaymentIntent {
    const id = stripeId('pi');
    const intent = this.account.paymentIntents.add({
      id,
      object: 'payment_intent',
      allowed_payment_method_types: null,
      amount,
      amount_capturable: 0,
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: null,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: 'automatic',
      client_secret: `${id}_secret_${stripeId('x').slice(2)}`,
      confirmation_method: 'automatic',
      created: this.account.time.now,
      currency,
      customer: customer?.id ?? null,
      customer_account: null,
      description: description ?? null,
      excluded_payment_method_types: null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      managed_payments: null,
      metadata,
      next_action: null,
      on_behalf_of: null,
      payment_method: null,
      payment_method_configuration_details: null,
      payment_method_options: null,
      payment_method_types: ['card'],
      payment_record: null,
      processing: null,
      receipt_email: null,
      review: null,
      setup_future_usage: null,
      shipping: null,
      source: null,
      statement_descriptor: null,
      statement_descriptor_suffix: null,
      status: 'requires_payment_method',
      transfer_group: null,
    });
    this.account.emit('payment_intent.created', intent);
    return intent;
  }

  /** Tries to take the money now. */
  attempt(facts: PaymentFacts): PaymentAttempt {
    const { method, customer } = facts;
    const intent = facts.intent ?? this.intentFor(facts);
    if (!method || this.isDeclined(customer, method)) return { intent: this.fail(intent, method), outcome: 'failed' };
    if (needsConfirmation(method)) return { intent: this.awaitConfirmation(intent, method), outcome: 'requires_action' };
    if (method.type === 'card') return { intent: this.succeed(intent, method), outcome: 'succeeded' };
    intent.payment_method = method.id;
    intent.payment_method_types = [method.type];
    intent.status = 'processing';
    this.account.emit('payment_intent.processing', intent);
    return { intent, outcome: 'processing' };
  }

  private awaitConfirmation(intent: PaymentIntent, method: PaymentMethod): PaymentIntent {
    intent.payment_method = method.id;
    intent.next_action = { type: 'use_stripe_sdk', use_stripe_sdk: {} };
    intent.status = 'requires_action';
    this.account.emit('payment_intent.requires_action', intent);
    return intent;
  }

  /** The bank has paid. */
  succeed(intent: PaymentIntent, method: PaymentMethod): PaymentIntent {
    const charge = this.chargeOf(intent, method, { paid: true });
    this.account.emit('charge.succeeded', charge);
    intent.amount_received = intent.amount;
    intent.latest_charge = charge.id;
    intent.payment_method = method.id;
    intent.last_payment_error = null;
    intent.next_action = null;
    intent.status = 'succeeded';
    this.account.emit('payment_intent.succeeded', intent);
    return intent;
  }

  /** The bank has refused. */
  fail(intent: PaymentIntent, method: PaymentMethod | undefined): PaymentIntent {
    if (method) {
      const charge = this.chargeOf(intent, method, { paid: false });
      intent.latest_charge = charge.id;
      this.account.emit('charge.failed', charge);
    }
    intent.payment_method = null;
    intent.next_action = null;
    intent.status = 'requires_payment_method';
    intent.last_payment_error = {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'generic_decline',
      message: method ? 'Your card was declined.' : 'There is no payment method.',
    };
    this.account.emit('payment_intent.payment_failed', intent);
    return intent;
  }

  /** Whether a payment is declined. Counts down the failures that a test has ordered. */
  isDeclined(customer: Customer | null, method: PaymentMethod | undefined): boolean {
    return !method || alwaysFails(method) || this.isToFail(customer);
  }

  /** Whether a test has ordered that this payment fails, which is counted down. */
  isToFail(customer: Customer | null): boolean {
    const left = customer ? (this.account.failures.get(customer.id) ?? 0) : 0;
    if (!customer || left <= 0) return false;
    this.account.failures.set(customer.id, left - 1);
    return true;
  }

  private chargeOf(intent: PaymentIntent, method: PaymentMethod, { paid }: { readonly paid: boolean }): Charge {
    return this.account.charges.add({
      id: stripeId('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: paid ? intent.amount : 0,
      amount_refunded: 0,
      application: null,
      application_fee: null,
      application_fee_amount: null,
      balance_transaction: paid ? stripeId('txn') : null,
      billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
      calculated_statement_descriptor: 'FAKE STRIPE',
      captured: paid,
      created: this.account.time.now,
      currency: intent.currency,
      customer: intent.customer,
      description: intent.description,
      disputed: false,
      failure_balance_transaction: null,
      failure_code: paid ? null : 'card_declined',
      failure_message: paid ? null : 'Your card was declined.',
      fraud_details: {},
      livemode: false,
      metadata: { ...intent.metadata },
      on_behalf_of: null,
      outcome: null,
      paid,
      payment_intent: intent.id,
      payment_method: method.id,
      payment_method_details: null,
      receipt_email: null,
      receipt_number: null,
      receipt_url: null,
      refunded: false,
      review: null,
      shipping: null,
      source: null,
      source_transfer: null,
      statement_descriptor: null,
      statement_descriptor_suffix: null,
      status: paid ? 'succeeded' : 'failed',
      transfer_data: null,
      transfer_group: null,
    });
  }
}
