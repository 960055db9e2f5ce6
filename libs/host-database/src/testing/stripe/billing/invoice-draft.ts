import { stripeId } from '../account/ids.js';
import { listObject } from '../account/list-object.js';
import type { Customer, Invoice, InvoiceLine, Subscription } from '../account/objects.js';
import { sum } from '../account/sum.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { discountLines } from './discounts.js';

export type BillingReason = 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'upcoming' | 'manual';

/** What an invoice is made of. */
export interface InvoiceFacts {
  readonly customer: Customer;
  readonly subscription: Subscription;
  readonly lines: readonly InvoiceLine[];
  readonly reason: BillingReason;
  readonly period: { readonly start: number; readonly end: number };
}

/** Makes an invoice that nobody has heard of yet: a draft, or a preview. */
export function draftInvoice(
  account: StripeAccount,
  { customer, subscription, lines: given, reason, period }: InvoiceFacts,
): Invoice {
  const id = stripeId('in');
  const lines = given.map((line) => ({ ...structuredClone(line), invoice: id }));
  const discountAmounts = discountLines(account, subscription.discounts, lines);
  const subtotal = sum(lines.map(({ amount }) => amount));
  const total = subtotal - sum(discountAmounts.map(({ amount }) => amount));
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Fake Stripe',
    account_tax_ids: null,
    ...amountsDue(total, customer.balance),
    amount_overpaid: 0,
    amount_paid: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: reason,
    collection_method: subscription.collection_method,
    created: account.time.now,
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: discountAmounts.map(({ discount }) => discount),
    due_date: null,
    effective_at: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: listObject(lines, `/v1/invoices/${id}/lines`),
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: { ...subscription.metadata }, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: period.end,
    period_start: period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal,
    subtotal_excluding_tax: subtotal,
    test_clock: null,
    total,
    total_discount_amounts: discountAmounts,
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** What is to be paid, once the credit on a customer's balance (negative) is taken off. What is more than paid becomes such credit. */
export function amountsDue(
  total: number,
  balance: number,
): Pick<Invoice, 'amount_due' | 'amount_remaining' | 'ending_balance' | 'starting_balance'> {
  const due = Math.max(0, total + balance);
  return { amount_due: due, amount_remaining: due, starting_balance: balance, ending_balance: Math.min(0, total + balance) };
}
