import { Disputes } from '../billing/disputes.js';
import { Invoices } from '../billing/invoices.js';
import { SubscriptionLifecycle } from '../billing/lifecycle.js';
import { Payments } from '../billing/payments.js';
import { Portal } from '../billing/portal.js';
import { Refunds } from '../billing/refunds.js';
import { Schedules } from '../billing/schedules.js';
import { SubscriptionChanges } from '../billing/subscription-changes.js';
import { SubscriptionStarts } from '../billing/subscription-starts.js';
import { Checkout } from '../checkout/checkout.js';
import type { Route } from '../http/router.js';
import { checkoutSessionRoutes } from '../resources/checkout-sessions.js';
import { couponRoutes } from '../resources/coupons.js';
import { customerRoutes } from '../resources/customers.js';
import { eventRoutes } from '../resources/events.js';
import { invoiceRoutes } from '../resources/invoices.js';
import { attachPaymentMethod, paymentMethodRoutes } from '../resources/payment-methods.js';
import { paymentRoutes } from '../resources/payments.js';
import { priceRoutes } from '../resources/prices.js';
import { productRoutes } from '../resources/products.js';
import { refundRoutes } from '../resources/refunds.js';
import { subscriptionItemRoutes } from '../resources/subscription-items.js';
import { scheduleRoutes } from '../resources/subscription-schedules.js';
import { subscriptionRoutes } from '../resources/subscriptions.js';
import type { StripeAccount } from './stripe-account.js';

/** What acts on the account, put together. */
export class StripeServices {
  readonly payments: Payments;
  readonly invoices: Invoices;
  readonly lifecycle: SubscriptionLifecycle;
  readonly starts: SubscriptionStarts;
  readonly changes: SubscriptionChanges;
  readonly schedules: Schedules;
  readonly checkout: Checkout;
  readonly portal: Portal;
  readonly refunds: Refunds;
  readonly disputes: Disputes;

  constructor(private readonly account: StripeAccount) {
    this.payments = new Payments(account);
    this.invoices = new Invoices(account, this.payments);
    this.lifecycle = new SubscriptionLifecycle(account, this.invoices, this.payments);
    this.starts = new SubscriptionStarts(account, this.lifecycle, this.invoices, this.payments);
    this.changes = new SubscriptionChanges(account, this.lifecycle);
    this.schedules = new Schedules(account, this.lifecycle, this.changes);
    this.checkout = new Checkout(account, this.lifecycle, this.starts, this.payments);
    this.portal = new Portal(account, this.lifecycle);
    this.refunds = new Refunds(account);
    this.disputes = new Disputes(account);
  }

  /** Every call that the API knows. */
  routes(): Route[] {
    const { account, lifecycle, invoices, changes } = this;
    return [
      ...customerRoutes(account, {
        cancel: (subscription) => this.lifecycle.cancel(subscription, 'cancellation_requested'),
        attach: (method, customer) => attachPaymentMethod(account, method, customer),
      }),
      ...paymentMethodRoutes(account),
      ...productRoutes(account),
      ...priceRoutes(account),
      ...couponRoutes(account),
      ...checkoutSessionRoutes(account, this.checkout),
      ...subscriptionRoutes(account, { starts: this.starts, lifecycle, changes }),
      ...subscriptionItemRoutes(account, changes),
      ...scheduleRoutes(account, this.schedules),
      ...invoiceRoutes(account, { invoices, lifecycle, changes }),
      ...paymentRoutes(account),
      ...refundRoutes(account, this.refunds),
      { method: 'POST', path: '/v1/billing_portal/sessions', handle: ({ params }) => this.portal.create(params) },
      ...eventRoutes(account.events),
    ];
  }
}
