import type { Stripe } from 'stripe';

/** An amount with fractions travels as text; the SDK makes its Decimal of it. */
type DecimalText = string | null;

/** The SDK's type, with some of its fields as they are on the wire: ids instead of expanded objects, text instead of Decimal. */
type OnTheWire<T, Fields> = Omit<T, keyof Fields> & Fields;

export type Customer = Stripe.Customer;
export type Product = OnTheWire<Stripe.Product, { default_price: string | null }>;
export type Price = OnTheWire<Stripe.Price, { product: string; unit_amount: number; unit_amount_decimal: DecimalText }>;
export type Plan = OnTheWire<Stripe.Plan, { product: string; amount_decimal: DecimalText }>;
export type Coupon = Stripe.Coupon;
export type PromotionCode = OnTheWire<Stripe.PromotionCode, { promotion: { coupon: string; type: 'coupon' } }>;
export type Discount = OnTheWire<Stripe.Discount, { promotion_code: string | null; source: { coupon: string; type: 'coupon' } }>;
export type PaymentMethod = OnTheWire<Stripe.PaymentMethod, { customer: string | null }>;

export type SubscriptionItem = OnTheWire<Stripe.SubscriptionItem, { price: Price; plan: Plan; quantity: number }>;
export type Subscription = OnTheWire<
  Stripe.Subscription,
  {
    customer: string;
    default_payment_method: string | null;
    discounts: string[];
    items: Stripe.ApiList<SubscriptionItem>;
    latest_invoice: string | null;
    schedule: string | null;
    status: SubscriptionStatus;
    trial_settings: Stripe.Subscription.TrialSettings;
  }
>;
export type SubscriptionStatus =
  | 'active'
  | 'canceled'
  | 'incomplete'
  | 'incomplete_expired'
  | 'past_due'
  | 'paused'
  | 'trialing'
  | 'unpaid';
export type SubscriptionSchedule = OnTheWire<
  Stripe.SubscriptionSchedule,
  { customer: string; subscription: string | null; phases: SchedulePhase[] }
>;
export type SchedulePhase = OnTheWire<
  Stripe.SubscriptionSchedule.Phase,
  { items: OnTheWire<Stripe.SubscriptionSchedule.Phase.Item, { price: string; plan: string; quantity: number }>[] }
>;

export type InvoiceLine = OnTheWire<
  Stripe.InvoiceLineItem,
  {
    parent: Stripe.InvoiceLineItem.Parent;
    pricing: { price_details: { price: string; product: string }; type: 'price_details'; unit_amount_decimal: DecimalText };
    quantity: number;
    quantity_decimal: DecimalText;
    subscription: string | null;
  }
>;
export type Invoice = OnTheWire<
  Stripe.Invoice,
  {
    customer: string;
    lines: Stripe.ApiList<InvoiceLine>;
    status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
    discounts: string[];
  }
>;
export type InvoicePayment = OnTheWire<
  Stripe.InvoicePayment,
  { invoice: string; payment: { payment_intent: string; type: 'payment_intent' } }
>;
export type PaymentIntent = OnTheWire<
  Stripe.PaymentIntent,
  { customer: string | null; latest_charge: string | null; payment_method: string | null }
>;
export type Charge = OnTheWire<Stripe.Charge, { customer: string | null; payment_intent: string }>;
export type Refund = OnTheWire<Stripe.Refund, { charge: string; payment_intent: string; status: 'succeeded' | 'failed' }>;
export type Dispute = OnTheWire<Stripe.Dispute, { charge: string; payment_intent: string }>;

export type CheckoutLineItem = OnTheWire<Stripe.LineItem, { price: Price; quantity: number }>;
export type CheckoutSession = OnTheWire<
  Stripe.Checkout.Session,
  {
    customer: string | null;
    invoice: string | null;
    mode: 'payment' | 'subscription';
    payment_intent: string | null;
    payment_status: 'no_payment_required' | 'paid' | 'unpaid';
    status: 'complete' | 'expired' | 'open';
    subscription: string | null;
  }
>;
export type PortalSession = Stripe.BillingPortal.Session;

/** An event with the object as it was when it happened. */
export type SnapshotEvent = OnTheWire<
  Stripe.EventBase,
  { data: { object: object; previous_attributes?: Record<string, unknown> }; type: Stripe.Event.Type }
>;
/** An event that only names the object. */
export interface ThinEvent {
  readonly id: string;
  readonly object: 'v2.core.event';
  readonly type: string;
  readonly created: string;
  readonly livemode: false;
  readonly context: null;
  readonly reason: {
    readonly type: 'request';
    readonly request: { readonly id: string; readonly idempotency_key: string | null };
  } | null;
  readonly related_object: { readonly id: string; readonly type: string; readonly url: string };
  readonly snapshot_event: string;
}
