import { stripeId } from '../account/ids.js';
import type { Customer, PaymentMethod } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { ApiCall, Route } from '../http/router.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

export type PaymentMethodKind = 'card' | 'sepa_debit';

/** The card that can be attached, and whose every payment fails. */
const FAILING_CARD = '0341';
/** The card of which each payment has to be confirmed by its holder. */
const CONFIRMED_CARD = '3184';

/** Stripe's test tokens, each of which makes a new payment method when it is attached. */
const TOKENS: Readonly<Record<string, { readonly kind: PaymentMethodKind; readonly last4: string }>> = {
  pm_card_visa: { kind: 'card', last4: '4242' },
  pm_card_mastercard: { kind: 'card', last4: '4444' },
  pm_card_chargeCustomerFail: { kind: 'card', last4: FAILING_CARD },
  pm_card_authenticationRequired: { kind: 'card', last4: CONFIRMED_CARD },
  pm_sepaDebit: { kind: 'sepa_debit', last4: '3000' },
};

/** Whether payments with it fail whatever the customer does. */
export function alwaysFails(method: PaymentMethod): boolean {
  return method.card?.last4 === FAILING_CARD;
}

/** Whether each payment has to be confirmed by the card holder. */
export function needsConfirmation(method: PaymentMethod): boolean {
  return method.card?.last4 === CONFIRMED_CARD;
}

/** Makes a payment method, and gives it to a customer where there is one. */
export function addPaymentMethod(
  account: StripeAccount,
  customer: Customer | null,
  { kind, last4 = '4242' }: { readonly kind: PaymentMethodKind; readonly last4?: string },
): PaymentMethod {
  const method: PaymentMethod = account.paymentMethods.add({
    id: stripeId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: customer?.email ?? null, name: customer?.name ?? null, phone: null, tax_id: null },
    created: account.time.now,
    customer: customer?.id ?? null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: kind,
    ...(kind === 'card' ? { card: cardOf(last4) } : { sepa_debit: debitOf(last4) }),
  });
  if (customer) account.emit('payment_method.attached', method);
  return method;
}

/** Attaches a test token, or a method that was detached, and returns the id of what is attached then. */
export function attachPaymentMethod(account: StripeAccount, id: string, customer: Customer): string {
  const token = TOKENS[id];
  if (token) return addPaymentMethod(account, customer, token).id;
  const method = account.paymentMethods.named(id, 'payment_method');
  if (method.customer !== null && method.customer !== customer.id) {
    throw new FakeStripeRefusedError('The payment method you provided has already been attached to a customer.', {
      param: 'payment_method',
    });
  }
  account.change(method, 'payment_method.attached', (one) => {
    one.customer = customer.id;
  });
  return id;
}

/** `/v1/payment_methods` */
export function paymentMethodRoutes(account: StripeAccount): Route[] {
  const attach = ({ params, id }: ApiCall): object => {
    const customer = account.customers.named(params.only('customer').requiredText('customer'), 'customer');
    return account.paymentMethods.get(attachPaymentMethod(account, id, customer));
  };

  const detach = ({ params, id }: ApiCall): object => {
    params.only();
    return account.change(account.paymentMethods.get(id), 'payment_method.detached', (method) => {
      const customer = method.customer === null ? undefined : account.customers.find(method.customer);
      if (customer?.invoice_settings.default_payment_method === id) customer.invoice_settings.default_payment_method = null;
      method.customer = null;
    });
  };

  const list = (call: ApiCall): object => {
    const { params } = call;
    const customer = params.only(...LIST_PARAMS, 'customer', 'type').text('customer');
    const type = params.text('type');
    const rows = account.paymentMethods
      .newestFirst()
      .filter(
        (method) => (customer === undefined || method.customer === customer) && (type === undefined || method.type === type),
      );
    return pageOf(call, rows);
  };

  return [
    { method: 'GET', path: '/v1/payment_methods', handle: list },
    { method: 'GET', path: '/v1/payment_methods/:id', handle: ({ id }) => account.paymentMethods.get(id) },
    { method: 'POST', path: '/v1/payment_methods/:id/attach', handle: attach },
    { method: 'POST', path: '/v1/payment_methods/:id/detach', handle: detach },
  ];
}

function cardOf(last4: string): NonNullable<PaymentMethod['card']> {
  return {
    brand: last4 === '4444' ? 'mastercard' : 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: null,
    exp_month: 12,
    exp_year: 2099,
    fingerprint: `fake${last4}`,
    funding: 'credit',
    generated_from: null,
    last4,
    networks: null,
    regulated_status: null,
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}

function debitOf(last4: string): NonNullable<PaymentMethod['sepa_debit']> {
  return { bank_code: '37040044', branch_code: '', country: 'DE', fingerprint: `fake${last4}`, generated_from: null, last4 };
}
