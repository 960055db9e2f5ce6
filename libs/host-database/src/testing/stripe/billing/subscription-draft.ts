import { stripeId } from '../account/ids.js';
import { listObject } from '../account/list-object.js';
import type { Customer, Price, Subscription, SubscriptionItem } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { parameterInvalid, parameterMissing } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { planOf } from '../resources/prices.js';
import { periodEnd } from './periods.js';

/** What is subscribed to. */
export interface ItemFacts {
  readonly price: Price;
  readonly quantity: number;
  readonly metadata?: Record<string, string>;
}

/** What a subscription begins with. */
export interface NewSubscription {
  readonly customer: Customer;
  readonly items: readonly ItemFacts[];
  readonly metadata?: Record<string, string>;
  readonly description?: string | undefined;
  readonly trialEnd?: number | undefined;
  readonly missingPaymentMethod?: 'cancel' | 'create_invoice' | 'pause' | undefined;
  readonly paymentMethod?: string | null | undefined;
  readonly billingMode?: 'classic' | 'flexible' | undefined;
  readonly collectionMethod?: 'charge_automatically' | 'send_invoice' | undefined;
}

/** A price that can be subscribed to. */
export function recurringPrice(account: StripeAccount, id: string, param: string): Price {
  const price = account.prices.named(id, param);
  if (!price.active)
    throw new FakeStripeRefusedError(`The price specified is inactive. This field only accepts active prices.`, { param });
  if (!price.recurring) throw parameterInvalid(param, 'the price must be recurring to be subscribed to');
  return price;
}

/** Makes a subscription that nobody has heard of yet. It has no status to rely on. */
export function draftSubscription(account: StripeAccount, facts: NewSubscription): Subscription {
  const [first] = facts.items;
  if (!first) throw parameterMissing('items');
  if (facts.items.some(({ price }) => price.currency !== first.price.currency))
    throw parameterInvalid('items', 'all prices must have the same currency');
  const now = account.time.now;
  const id = stripeId('sub');
  const trialEnd = facts.trialEnd ?? null;
  const anchor = trialEnd ?? now;
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: null,
    billing_mode:
      facts.billingMode === 'classic'
        ? { flexible: null, type: 'classic' }
        : { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: facts.collectionMethod ?? 'charge_automatically',
    created: now,
    currency: first.price.currency,
    customer: facts.customer.id,
    customer_account: null,
    days_until_due: null,
    default_payment_method: facts.paymentMethod ?? null,
    default_source: null,
    default_tax_rates: [],
    description: facts.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: { type: 'self' } },
    items: listObject(
      facts.items.map((item) =>
        draftItem(item, {
          subscription: id,
          start: now,
          end: trialEnd ?? periodEnd(anchor, item.price.recurring!, now),
          created: now,
        }),
      ),
      `/v1/subscription_items?subscription=${id}`,
    ),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: { ...facts.metadata },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: facts.missingPaymentMethod ?? 'create_invoice' },
    },
    trial_start: trialEnd === null ? null : now,
  };
}

/** One item of a subscription. */
export function draftItem(
  { price, quantity, metadata = {} }: ItemFacts,
  {
    subscription,
    start,
    end,
    created,
  }: { readonly subscription: string; readonly start: number; readonly end: number; readonly created: number },
): SubscriptionItem {
  return {
    id: stripeId('si', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created,
    current_period_end: end,
    current_period_start: start,
    current_trial: null,
    discounts: [],
    metadata,
    plan: planOf(price),
    price: structuredClone(price),
    quantity,
    subscription,
    tax_rates: [],
  };
}

/** When the first, and when the last period of a subscription's items ends. */
export function periodBounds({ items }: Subscription): { readonly start: number; readonly min: number; readonly max: number } {
  const ends = items.data.map((item) => item.current_period_end);
  return {
    start: Math.min(...items.data.map((item) => item.current_period_start)),
    min: Math.min(...ends),
    max: Math.max(...ends),
  };
}
