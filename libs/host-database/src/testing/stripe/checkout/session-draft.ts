import { stripeId } from '../account/ids.js';
import type { CheckoutLineItem, CheckoutSession, Price } from '../account/objects.js';
import { sum } from '../account/sum.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { couponOf, type RedeemedCoupon, reductions } from '../billing/discounts.js';
import type { Params } from '../http/params.js';
import { parameterInvalid, parameterMissing, parametersExclusive } from '../http/refusals.js';
import { inlinePrice } from '../resources/prices.js';
import { missingPaymentMethodOf, trialEndOf } from '../resources/subscriptions.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

const HALF_AN_HOUR = 1_800;
const DAY = 86_400;
const FIELDS = [
  'mode',
  'line_items',
  'success_url',
  'cancel_url',
  'customer',
  'customer_email',
  'customer_creation',
  'customer_update',
  'client_reference_id',
  'metadata',
  'subscription_data',
  'payment_intent_data',
  'allow_promotion_codes',
  'discounts',
  'expires_at',
  'allowed_payment_method_types',
  'payment_method_collection',
  'ui_mode',
  'locale',
  'currency',
  'billing_address_collection',
] as const;

/** What a session will make, once it is paid. */
export interface CheckoutPlan {
  readonly session: CheckoutSession;
  readonly lineItems: readonly CheckoutLineItem[];
  /** Read when the session completes: a trial counts from then. */
  readonly subscriptionData: Params | undefined;
  readonly paymentIntentData: Params | undefined;
  readonly coupons: readonly RedeemedCoupon[];
}

/** Makes a checkout session of these parameters, which nobody has heard of yet. */
export function draftSession(account: StripeAccount, params: Params): CheckoutPlan {
  params.only(...FIELDS);
  const mode = params.oneOf('mode', ['payment', 'subscription']);
  if (!mode) throw parameterMissing('mode');
  const coupons = (params.parts('discounts') ?? []).map((discount) => couponOf(account, discount));
  if (coupons.length > 0 && params.flag('allow_promotion_codes') === true)
    throw parametersExclusive('allow_promotion_codes', 'discounts');
  const lineItems = lineItemsOf(account, params, mode);
  const customer = params.text('customer');
  if (customer !== undefined && params.has('customer_email')) throw parametersExclusive('customer', 'customer_email');
  const session = sessionOf(account, params, {
    mode,
    customer: customer === undefined ? null : account.customers.named(customer, 'customer').id,
  });
  const data = dataOf(params, mode);
  // What is wrong with it is to be said now, and not to who pays.
  if (data.subscriptionData) readSubscriptionData(data.subscriptionData, account.time.now);
  const plan = { session, lineItems, coupons, ...data };
  priceSession(plan, coupons);
  return plan;
}

/** Writes onto a session what is to be paid now. */
export function priceSession(
  { session, lineItems }: Pick<CheckoutPlan, 'session' | 'lineItems'>,
  coupons: readonly RedeemedCoupon[],
  isTrial = false,
): void {
  const amounts = lineItems.map((item) => (isTrial && item.price.recurring ? 0 : item.price.unit_amount * item.quantity));
  let open = amounts;
  for (const { coupon } of coupons) {
    const off = reductions(coupon, open);
    open = open.map((amount, index) => amount - (off[index] ?? 0));
  }
  session.amount_subtotal = sum(amounts);
  session.amount_total = sum(open);
  session.total_details = { amount_discount: sum(amounts) - sum(open), amount_shipping: 0, amount_tax: 0 };
}

/** The parameters of the subscription that a session makes. */
export function readSubscriptionData(
  data: Params,
  now: number,
): {
  readonly metadata: Record<string, string>;
  readonly description: string | undefined;
  readonly trialEnd: number | undefined;
  readonly missingPaymentMethod: 'cancel' | 'create_invoice' | 'pause' | undefined;
} {
  data.only('metadata', 'description', 'trial_period_days', 'trial_end', 'trial_settings', 'billing_mode', 'proration_behavior');
  return {
    metadata: data.metadata(),
    description: data.text('description'),
    trialEnd: trialEndOf(data, now),
    missingPaymentMethod: missingPaymentMethodOf(data),
  };
}

function dataOf(params: Params, mode: 'payment' | 'subscription'): Pick<CheckoutPlan, 'paymentIntentData' | 'subscriptionData'> {
  const wrong = mode === 'payment' ? 'subscription_data' : 'payment_intent_data';
  if (params.has(wrong)) throw new FakeStripeRefusedError(`You can not pass \`${wrong}\` in \`${mode}\` mode.`, { param: wrong });
  return {
    subscriptionData: params.part('subscription_data'),
    paymentIntentData: params.part('payment_intent_data')?.only('metadata', 'description', 'setup_future_usage', 'receipt_email'),
  };
}

function lineItemsOf(account: StripeAccount, params: Params, mode: 'payment' | 'subscription'): CheckoutLineItem[] {
  const items = params.parts('line_items');
  if (!items) throw parameterMissing('line_items');
  return items.map((item) => {
    const price = lineItemPrice(account, item.only('price', 'price_data', 'quantity', 'metadata', 'adjustable_quantity'));
    if (mode === 'payment' && price.recurring) {
      throw new FakeStripeRefusedError('You specified `payment` mode but passed a recurring price.', {
        param: item.nameOf('price'),
      });
    }
    if (mode === 'subscription' && !price.recurring)
      throw parameterInvalid(item.nameOf('price'), 'the fake Stripe subscribes to recurring prices only');
    return lineItem(price, item.requiredInteger('quantity'));
  });
}

function lineItemPrice(account: StripeAccount, item: Params): Price {
  const data = item.part('price_data');
  if (data && item.has('price')) throw parametersExclusive(item.nameOf('price'), item.nameOf('price_data'));
  if (data) return inlinePrice(account, data);
  const price = account.prices.named(item.requiredText('price'), item.nameOf('price'));
  if (price.active) return price;
  throw new FakeStripeRefusedError('The price specified is inactive. This field only accepts active prices.', {
    param: item.nameOf('price'),
  });
}

function lineItem(price: Price, quantity: number): CheckoutLineItem {
  const amount = price.unit_amount * quantity;
  return {
    id: stripeId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: price.nickname,
    metadata: {},
    price: structuredClone(price),
    quantity,
  };
}

function sessionOf(
  account: StripeAccount,
  params: Params,
  { mode, customer }: { readonly mode: 'payment' | 'subscription'; readonly customer: string | null },
): CheckoutSession {
  const now = account.time.now;
  const id = stripeId('cs_test', 58);
  const expiresAt = params.integer('expires_at') ?? now + DAY;
  if (expiresAt < now + HALF_AN_HOUR || expiresAt > now + DAY)
    throw parameterInvalid('expires_at', 'must be between 30 minutes and 24 hours from now');
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: params.flag('allow_promotion_codes') ?? null,
    allowed_payment_method_types: params.texts('allowed_payment_method_types') ?? null,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: params.text('cancel_url') ?? null,
    client_reference_id: params.text('client_reference_id') ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: now,
    currency: params.text('currency') ?? null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer,
    customer_account: null,
    customer_creation:
      customer === null
        ? (params.oneOf('customer_creation', ['always', 'if_required']) ?? (mode === 'payment' ? 'if_required' : 'always'))
        : null,
    customer_details: null,
    customer_email: params.text('customer_email') ?? null,
    discounts: [],
    expires_at: expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: params.metadata(),
    mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection:
      params.oneOf('payment_method_collection', ['always', 'if_required']) ?? (mode === 'payment' ? 'if_required' : 'always'),
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card', 'sepa_debit'],
    payment_status: 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: params.requiredText('success_url'),
    total_details: null,
    ui_mode: params.oneOf('ui_mode', ['hosted_page']) ?? 'hosted_page',
    url: `${account.baseUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}
