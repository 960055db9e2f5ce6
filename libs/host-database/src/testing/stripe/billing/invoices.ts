import { stripeId } from '../account/ids.js';
import type { Customer, Invoice, InvoicePayment, PaymentIntent, PaymentMethod, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { amountsDue } from './invoice-draft.js';
import type { PaymentAttempt, Payments } from './payments.js';

/** What becomes of an invoice when somebody tries to pay it. */
export type InvoiceOutcome = PaymentAttempt['outcome'];

/** Invoices from their draft to their end. What they mean for a subscription is told to `onOutcome`. */
export class Invoices {
  constructor(
    private readonly account: StripeAccount,
    private readonly payments: Payments,
  ) {}

  /** Makes a draft known. */
  open(invoice: Invoice): Invoice {
    this.account.invoices.add(invoice);
    this.account.emit('invoice.created', invoice);
    return invoice;
  }

  /** Gives a draft its number and its amounts. One of nothing is paid thereby. */
  finalize(invoice: Invoice): void {
    if (invoice.status !== 'draft')
      throw new FakeStripeRefusedError('This invoice is already finalized, you cannot re-finalize it.');
    const customer = this.account.customers.find(invoice.customer);
    const now = this.account.time.now;
    Object.assign(invoice, amountsDue(invoice.total, customer?.balance ?? 0));
    if (customer) {
      customer.balance = invoice.ending_balance ?? 0;
      invoice.number = `${customer.invoice_prefix ?? 'FAKE'}-${String(customer.next_invoice_sequence ?? 1).padStart(4, '0')}`;
      customer.next_invoice_sequence = (customer.next_invoice_sequence ?? 1) + 1;
    }
    invoice.status = 'open';
    invoice.automatically_finalizes_at = null;
    invoice.effective_at = now;
    invoice.status_transitions.finalized_at = now;
    invoice.hosted_invoice_url = `${this.account.baseUrl}/i/${invoice.id}`;
    this.account.emit('invoice.finalized', invoice);
    if (invoice.amount_due === 0) this.paid(invoice, undefined);
  }

  /** Tries to take the money for an open invoice. */
  pay(invoice: Invoice, method: PaymentMethod | undefined): InvoiceOutcome {
    if (invoice.status !== 'open')
      throw new FakeStripeRefusedError(`Invoice is ${invoice.status}, and cannot be paid.`, {
        stripeCode: 'invoice_not_editable',
      });
    const attempt = this.payments.attempt({ ...this.factsOf(invoice), method, intent: this.intentOf(invoice) });
    return this.settle(invoice, attempt);
  }

  /** Records what became of an attempt to pay an open invoice. */
  settle(invoice: Invoice, { intent, outcome }: PaymentAttempt): InvoiceOutcome {
    this.link(invoice, intent);
    invoice.attempted = true;
    if (outcome === 'succeeded') {
      invoice.attempt_count += 1;
      this.paid(invoice, intent);
    }
    if (outcome === 'failed') this.unpaid(invoice, 'invoice.payment_failed');
    if (outcome === 'requires_action') this.unpaid(invoice, 'invoice.payment_action_required');
    return outcome;
  }

  /** Has an open invoice wait for an intent that the customer is to pay. */
  awaitPayment(invoice: Invoice): void {
    this.link(invoice, this.payments.intentFor(this.factsOf(invoice)));
  }

  private unpaid(invoice: Invoice, type: 'invoice.payment_action_required' | 'invoice.payment_failed'): void {
    invoice.attempt_count += 1;
    invoice.next_payment_attempt = null;
    this.account.emit(type, invoice);
  }

  /** Records that an open invoice is paid. */
  private paid(invoice: Invoice, intent: PaymentIntent | undefined): void {
    const now = this.account.time.now;
    invoice.amount_paid = invoice.amount_due;
    invoice.amount_remaining = 0;
    invoice.attempted = true;
    invoice.next_payment_attempt = null;
    invoice.status = 'paid';
    invoice.status_transitions.paid_at = now;
    const payment = intent && this.paymentOf(invoice);
    if (payment) {
      payment.amount_paid = invoice.amount_due;
      payment.status = 'paid';
      payment.status_transitions.paid_at = now;
    }
    this.account.timeline.cancel(`${invoice.id}:retry`);
    this.account.emit('invoice.paid', invoice);
    this.account.emit('invoice.payment_succeeded', invoice);
    if (payment) this.account.emit('invoice_payment.paid', payment);
  }

  void(invoice: Invoice): void {
    this.close(invoice, 'void');
    invoice.status_transitions.voided_at = this.account.time.now;
    this.account.emit('invoice.voided', invoice);
  }

  markUncollectible(invoice: Invoice): void {
    this.close(invoice, 'uncollectible');
    invoice.status_transitions.marked_uncollectible_at = this.account.time.now;
    this.account.emit('invoice.marked_uncollectible', invoice);
  }

  /** Stops trying, and leaves the invoice as it is. */
  stopCollecting(invoice: Invoice): void {
    invoice.auto_advance = false;
    invoice.next_payment_attempt = null;
    for (const what of ['retry', 'finalize']) this.account.timeline.cancel(`${invoice.id}:${what}`);
  }

  /** Every invoice of a subscription, the newest first. */
  ofSubscription(subscription: Subscription): Invoice[] {
    return this.account.invoices.newestFirst().filter((invoice) => subscriptionOf(invoice) === subscription.id);
  }

  private close(invoice: Invoice, status: 'uncollectible' | 'void'): void {
    if (invoice.status !== 'open' && !(status === 'void' && invoice.status === 'uncollectible')) {
      throw new FakeStripeRefusedError(`Invoice is ${invoice.status}: only open ones can be made ${status}.`, {
        stripeCode: 'invoice_not_editable',
      });
    }
    invoice.status = status;
    this.stopCollecting(invoice);
  }

  private factsOf(invoice: Invoice): {
    readonly customer: Customer | null;
    readonly amount: number;
    readonly currency: string;
    readonly description: string;
  } {
    return {
      customer: this.account.customers.find(invoice.customer) ?? null,
      amount: invoice.amount_due,
      currency: invoice.currency,
      description: `Invoice ${invoice.number ?? invoice.id}`,
    };
  }

  /** The intent that an invoice is or was to be paid with. */
  intentOf(invoice: Invoice): PaymentIntent | undefined {
    const payment = this.paymentOf(invoice);
    return payment && this.account.paymentIntents.find(payment.payment.payment_intent);
  }

  private paymentOf(invoice: Invoice): InvoicePayment | undefined {
    return [...this.account.invoicePayments].find((payment) => payment.invoice === invoice.id);
  }

  private link(invoice: Invoice, intent: PaymentIntent): void {
    if (this.paymentOf(invoice)) return;
    this.account.invoicePayments.add({
      id: stripeId('inpay'),
      object: 'invoice_payment',
      amount_paid: null,
      amount_requested: invoice.amount_due,
      created: this.account.time.now,
      currency: invoice.currency,
      invoice: invoice.id,
      is_default: true,
      livemode: false,
      payment: { payment_intent: intent.id, type: 'payment_intent' },
      status: 'open',
      status_transitions: { canceled_at: null, paid_at: null },
    });
  }
}

/** The subscription that an invoice is for. */
export function subscriptionOf(invoice: Invoice): string | undefined {
  const subscription = invoice.parent?.subscription_details?.subscription;
  return typeof subscription === 'string' ? subscription : undefined;
}
