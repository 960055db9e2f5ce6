import { stripeId } from '../account/ids.js';
import type { Customer, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { resourceMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';

const FIELDS = ['email', 'name', 'description', 'phone', 'metadata', 'invoice_settings', 'payment_method'] as const;

/** What a customer is made with. */
export interface NewCustomer {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly phone?: string | undefined;
  readonly metadata?: Record<string, string>;
}

/** Adds a customer. */
export function addCustomer(account: StripeAccount, { email, name, description, phone, metadata = {} }: NewCustomer): Customer {
  const customer: Customer = account.customers.add({
    id: stripeId('cus', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: account.time.now,
    currency: null,
    default_source: null,
    delinquent: false,
    description: description ?? null,
    email: email ?? null,
    invoice_prefix: stripeId('x', 8).slice(2).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata,
    name: name ?? null,
    next_invoice_sequence: 1,
    phone: phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  });
  account.emit('customer.created', customer);
  return customer;
}

/** `/v1/customers` */
export function customerRoutes(
  account: StripeAccount,
  {
    cancel,
    attach,
  }: { readonly cancel: (subscription: Subscription) => void; readonly attach: (method: string, customer: Customer) => string },
): Route[] {
  /** Who was deleted, and is told apart from who never was. */
  const deleted = new Set<string>();

  const applyPaymentMethods = (customer: Customer, params: Params): void => {
    const method = params.text('payment_method');
    if (method !== undefined) attach(method, customer);
    const settings = params.part('invoice_settings')?.only('default_payment_method');
    const standard = settings?.text('default_payment_method');
    if (standard === undefined) return;
    const found = account.paymentMethods.find(standard);
    customer.invoice_settings.default_payment_method = found?.customer === customer.id ? found.id : attach(standard, customer);
  };

  const create = ({ params }: ApiCall): object => {
    params.only(...FIELDS);
    const customer = addCustomer(account, {
      email: params.text('email'),
      name: params.text('name'),
      description: params.text('description'),
      phone: params.text('phone'),
      metadata: params.metadata(),
    });
    applyPaymentMethods(customer, params);
    return customer;
  };

  const update = ({ params, id }: ApiCall): object => {
    params.only(...FIELDS);
    return account.change(account.customers.get(id), 'customer.updated', (customer) => {
      for (const field of ['email', 'name', 'description', 'phone'] as const) {
        if (params.has(field)) customer[field] = params.text(field) ?? null;
      }
      customer.metadata = params.metadata(customer.metadata);
      applyPaymentMethods(customer, params);
    });
  };

  const retrieve = ({ id }: ApiCall): object => {
    if (deleted.has(id)) return { id, object: 'customer', deleted: true };
    return account.customers.get(id);
  };

  const remove = ({ id }: ApiCall): object => {
    if (deleted.has(id)) throw resourceMissing('customer', id);
    const customer = account.customers.get(id);
    for (const subscription of account.subscriptions) if (subscription.customer === id) cancel(subscription);
    account.customers.remove(id);
    deleted.add(id);
    account.emit('customer.deleted', customer);
    return { id, object: 'customer', deleted: true };
  };

  const list = (call: ApiCall): object => {
    const email = call.params.only(...LIST_PARAMS, 'email').text('email');
    return pageOf(
      call,
      account.customers.newestFirst().filter((customer) => email === undefined || customer.email === email),
    );
  };

  return [
    { method: 'POST', path: '/v1/customers', handle: create },
    { method: 'GET', path: '/v1/customers', handle: list },
    { method: 'GET', path: '/v1/customers/:id', handle: retrieve },
    { method: 'POST', path: '/v1/customers/:id', handle: update },
    { method: 'DELETE', path: '/v1/customers/:id', handle: remove },
  ];
}
