import type { Invoice } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { readChange, CHANGE_PARAMS } from '../billing/change-params.js';
import { couponOf, draftDiscount } from '../billing/discounts.js';
import { draftInvoice } from '../billing/invoice-draft.js';
import { type Invoices, subscriptionOf } from '../billing/invoices.js';
import { periodLines } from '../billing/item-lines.js';
import type { SubscriptionLifecycle } from '../billing/lifecycle.js';
import type { SubscriptionChanges } from '../billing/subscription-changes.js';
import { draftSubscription, periodBounds, recurringPrice } from '../billing/subscription-draft.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import { Params } from '../http/params.js';
import { cardDeclined, confirmationRequired, parameterMissing, parameterUnknown } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';

/** What the resources of invoices need of billing. */
export interface InvoiceServices {
  readonly invoices: Invoices;
  readonly lifecycle: SubscriptionLifecycle;
  readonly changes: SubscriptionChanges;
}

/** `/v1/invoices` and `/v1/invoice_payments` */
export function invoiceRoutes(account: StripeAccount, { invoices, lifecycle, changes }: InvoiceServices): Route[] {
  const list = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'customer', 'subscription', 'status');
    const rows = account.invoices
      .newestFirst()
      .filter(
        (invoice) =>
          invoice.customer === (params.text('customer') ?? invoice.customer) &&
          invoice.status === (params.text('status') ?? invoice.status) &&
          (!params.has('subscription') || subscriptionOf(invoice) === params.text('subscription')),
      );
    return pageOf(call, rows);
  };

  const update = ({ params, id }: ApiCall): object =>
    account.change(account.invoices.get(id), 'invoice.updated', (invoice) => {
      params.only('metadata', 'description', 'auto_advance');
      invoice.metadata = params.metadata(invoice.metadata ?? {});
      invoice.auto_advance = params.flag('auto_advance') ?? invoice.auto_advance ?? false;
      if (params.has('description')) invoice.description = params.text('description') ?? null;
    });

  const pay = ({ params, id }: ApiCall): object => {
    const method = params.only('payment_method', 'off_session').text('payment_method');
    const invoice = account.invoices.get(id);
    if (invoice.status === 'draft') lifecycle.finalize(invoice);
    if (invoice.status === 'open')
      lifecycle.pay(invoice, method === undefined ? undefined : account.paymentMethods.named(method, 'payment_method'));
    const intent = invoices.intentOf(invoice);
    if (invoice.status === 'open' && intent?.status === 'requires_action') throw confirmationRequired();
    if (invoice.status === 'open' && intent?.status !== 'processing') throw cardDeclined();
    return invoice;
  };

  const act =
    (action: (invoice: Invoice) => void) =>
    ({ params, id }: ApiCall): object => {
      params.only('auto_advance');
      const invoice = account.invoices.get(id);
      action(invoice);
      return invoice;
    };

  const preview = ({ params }: ApiCall): object => {
    params.only('customer', 'subscription', 'subscription_details', 'discounts');
    const details = params.part('subscription_details') ?? new Params({}, 'subscription_details');
    const id = params.text('subscription');
    details.only(...CHANGE_PARAMS);
    const invoice = id === undefined ? previewOfNew(params, details) : previewOfChange(id, { params, details });
    // A preview is no invoice: its id says so, and it can be had only once.
    return { ...invoice, id: `upcoming_${invoice.id}`, status: 'draft' };
  };

  const previewOfChange = (id: string, { params, details }: { readonly params: Params; readonly details: Params }): Invoice => {
    if (params.has('discounts')) throw parameterUnknown('discounts');
    const subscription = account.subscriptions.named(id, 'subscription');
    return changes.preview(subscription, readChange(account, details, subscription));
  };

  const previewOfNew = (params: Params, details: Params): Invoice => {
    const customer = account.customers.named(params.requiredText('customer'), 'customer');
    const items = details.parts('items');
    if (!items) throw parameterMissing('subscription_details[items]');
    const subscription = draftSubscription(account, {
      customer,
      items: items.map((item) => ({
        price: recurringPrice(account, item.only('price', 'quantity').requiredText('price'), item.nameOf('price')),
        quantity: item.integer('quantity') ?? 1,
      })),
    });
    const facts = { customer: customer.id, subscription: subscription.id };
    subscription.discounts = (params.parts('discounts') ?? []).map(
      (discount) => draftDiscount(account, couponOf(account, discount), facts).id,
    );
    const { start, min } = periodBounds(subscription);
    return draftInvoice(account, {
      customer,
      subscription,
      lines: periodLines(subscription),
      reason: 'upcoming',
      period: { start, end: min },
    });
  };

  const payments = (call: ApiCall): object => {
    const { params } = call;
    const intent = params
      .only(...LIST_PARAMS, 'invoice', 'payment', 'status')
      .part('payment')
      ?.only('type', 'payment_intent')
      .text('payment_intent');
    const rows = account.invoicePayments
      .newestFirst()
      .filter(
        (payment) =>
          payment.invoice === (params.text('invoice') ?? payment.invoice) &&
          payment.status === (params.text('status') ?? payment.status) &&
          payment.payment.payment_intent === (intent ?? payment.payment.payment_intent),
      );
    return pageOf(call, rows);
  };

  return [
    { method: 'GET', path: '/v1/invoices', handle: list },
    { method: 'POST', path: '/v1/invoices/create_preview', handle: preview },
    { method: 'GET', path: '/v1/invoices/:id', handle: ({ id }) => account.invoices.get(id) },
    { method: 'POST', path: '/v1/invoices/:id', handle: update },
    { method: 'POST', path: '/v1/invoices/:id/pay', handle: pay },
    { method: 'POST', path: '/v1/invoices/:id/finalize', handle: act((invoice) => lifecycle.finalize(invoice)) },
    { method: 'POST', path: '/v1/invoices/:id/void', handle: act((invoice) => invoices.void(invoice)) },
    {
      method: 'POST',
      path: '/v1/invoices/:id/mark_uncollectible',
      handle: act((invoice) => invoices.markUncollectible(invoice)),
    },
    { method: 'GET', path: '/v1/invoice_payments', handle: payments },
    { method: 'GET', path: '/v1/invoice_payments/:id', handle: ({ id }) => account.invoicePayments.get(id) },
  ];
}
