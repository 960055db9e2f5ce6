import type { EventLog, EventSubject } from '../events/event-log.js';
import { previousAttributes } from './changes.js';
import type {
  Charge,
  CheckoutLineItem,
  CheckoutSession,
  Coupon,
  Customer,
  Discount,
  Dispute,
  Invoice,
  InvoiceLine,
  InvoicePayment,
  PaymentIntent,
  PaymentMethod,
  PortalSession,
  Price,
  Product,
  PromotionCode,
  Refund,
  SnapshotEvent,
  Subscription,
  SubscriptionSchedule,
} from './objects.js';
import type { StripeTime } from './stripe-time.js';
import { Table } from './table.js';
import type { Timeline } from './timeline.js';

/** How failed payments of subscriptions are collected: Stripe's settings of "manage failed payments". */
export interface DunningSettings {
  /** Days from each failed attempt to the next one. @default 1, 2, 2, 2, 2, 2, 3: eight attempts in two weeks */
  readonly retryAfterDays: readonly number[];
  /** What becomes of the subscription after the last one. @default 'canceled' */
  readonly finally: 'canceled' | 'past_due' | 'paused' | 'unpaid';
}

/** Everything that the fake Stripe knows. */
export class StripeAccount {
  readonly customers: Table<Customer> = new Table('customer');
  readonly paymentMethods: Table<PaymentMethod> = new Table('PaymentMethod');
  readonly products: Table<Product> = new Table('product');
  readonly prices: Table<Price> = new Table('price');
  readonly coupons: Table<Coupon> = new Table('coupon');
  readonly promotionCodes: Table<PromotionCode> = new Table('promotion code');
  readonly discounts: Table<Discount> = new Table('discount');
  readonly sessions: Table<CheckoutSession> = new Table('checkout.session');
  readonly subscriptions: Table<Subscription> = new Table('subscription');
  readonly schedules: Table<SubscriptionSchedule> = new Table('subscription_schedule');
  readonly invoices: Table<Invoice> = new Table('invoice');
  readonly invoicePayments: Table<InvoicePayment> = new Table('invoice_payment');
  readonly paymentIntents: Table<PaymentIntent> = new Table('payment_intent');
  readonly charges: Table<Charge> = new Table('charge');
  readonly refunds: Table<Refund> = new Table('refund');
  readonly disputes: Table<Dispute> = new Table('dispute');
  readonly portalSessions: Table<PortalSession> = new Table('billing_portal.session');
  /** Prorations that wait for the next invoice of a subscription. */
  readonly pendingLines = new Map<string, InvoiceLine[]>();
  /** What a checkout session sells. */
  readonly lineItems = new Map<string, readonly CheckoutLineItem[]>();
  /** How many of a customer's next payments fail. */
  readonly failures = new Map<string, number>();
  /** Where the pages are, such as `http://127.0.0.1:1234`; known once the server listens. */
  baseUrl = '';

  constructor(
    readonly time: StripeTime,
    readonly timeline: Timeline,
    readonly events: EventLog,
    readonly dunning: DunningSettings,
  ) {}

  /** Records what has happened to an object. */
  emit(type: SnapshotEvent['type'], object: EventSubject): void {
    this.events.emit(type, object);
  }

  /** Changes an object, and tells so where that made a difference. */
  change<T extends EventSubject>(object: T, type: SnapshotEvent['type'], mutate: (object: T) => void): T {
    const before = structuredClone(object);
    mutate(object);
    const previous = previousAttributes(before, object);
    if (previous) this.events.emit(type, object, previous);
    return object;
  }
}
