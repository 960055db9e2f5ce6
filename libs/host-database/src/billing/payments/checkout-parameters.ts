import { createHash } from 'node:crypto';
import { assertInt32, assertText, InvalidInputError } from '../../common/index.js';
import type { BillingInterval } from '../plan-price.entity.js';
import type { PaymentType } from '../subscription.entity.js';

/** Where Stripe sends who has paid, and who has not. */
interface CheckoutPlaces {
  /** An absolute address; Stripe fills in `{CHECKOUT_SESSION_ID}`. */
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Whether promotion codes can be entered. @default false */
  readonly promotionCodes?: boolean;
}

/** A subscription to start. */
export interface NewCheckout extends CheckoutPlaces {
  readonly planId: string;
  readonly interval: BillingInterval;
  /** How many of it. @default the members of the tenant, where the plan is sold per seat; else 1 */
  readonly quantity?: number;
  /** Whether it begins with the `trialDays` of the plan. A tenant that has had its trial pays at once. @default false */
  readonly trial?: boolean;
}

/** Something to pay once: a price at Stripe, or an amount with a name. */
export type NewPurchase = CheckoutPlaces & {
  /** The plan that the purchase gives. */
  readonly planId: string;
  /** @default 1 */
  readonly quantity?: number;
} & (
    | { readonly priceId: string }
    /** The amount in minor units of the currency (ISO 4217, lower case). */
    | { readonly amount: number; readonly currency: string; readonly productName: string }
  );

/** A checkout as Stripe is asked for it. */
export interface CheckoutParameters {
  readonly paymentType: PaymentType;
  readonly customer: string;
  readonly params: Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, string>> };
}

interface Facts {
  readonly tenantId: string;
  readonly customer: string;
}

/** The parameters of a session that starts a subscription. */
export function subscriptionParameters(
  { planId, quantity = 1, ...places }: NewCheckout,
  { tenantId, customer, price, trialDays }: Facts & { readonly price: string; readonly trialDays: number },
): CheckoutParameters {
  const metadata = { tenant_id: tenantId, plan_id: planId };
  const params = {
    ...sharedParameters(places, { tenantId, customer }),
    mode: 'subscription',
    line_items: [{ price, quantity: assertInt32(quantity, 'quantity', 1) }],
    metadata,
    subscription_data: { metadata, ...(trialDays > 0 && { trial_period_days: trialDays }) },
  };
  return { paymentType: 'subscription', customer, params };
}

/** The parameters of a session in which something is paid once. */
export function purchaseParameters(purchase: NewPurchase, facts: Facts): CheckoutParameters {
  const quantity = assertInt32(purchase.quantity ?? 1, 'quantity', 1);
  const metadata = { tenant_id: facts.tenantId, plan_id: purchase.planId };
  const params = {
    ...sharedParameters(purchase, facts),
    mode: 'payment',
    line_items: [{ ...soldOf(purchase), quantity }],
    metadata,
    payment_intent_data: { metadata },
  };
  return { paymentType: 'one_time', customer: facts.customer, params };
}

/** Tells checkouts apart: the same again is the same session. */
export function fingerprintOf({ params }: CheckoutParameters): string {
  return createHash('sha256').update(JSON.stringify(params)).digest('hex');
}

function sharedParameters({ successUrl, cancelUrl, promotionCodes = false }: CheckoutPlaces, { tenantId, customer }: Facts) {
  return {
    customer,
    client_reference_id: tenantId,
    success_url: assertAddress(successUrl, 'successUrl'),
    cancel_url: assertAddress(cancelUrl, 'cancelUrl'),
    ...(promotionCodes && { allow_promotion_codes: true }),
  };
}

function soldOf(purchase: NewPurchase): Readonly<Record<string, unknown>> {
  if ('priceId' in purchase) return { price: assertText(purchase.priceId, 'priceId') };
  const { amount, currency, productName } = purchase;
  return {
    price_data: {
      currency: assertText(currency, 'currency'),
      unit_amount: assertInt32(amount, 'amount', 1),
      product_data: { name: assertText(productName, 'productName') },
    },
  };
}

/** @throws InvalidInputError unless it is an absolute address */
export function assertAddress(address: string, field: string): string {
  const text = assertText(address, field);
  if (/^https?:/i.test(text) && URL.canParse(text)) return text;
  throw new InvalidInputError(field, 'must be an absolute address, such as https://example.com/billing.');
}
