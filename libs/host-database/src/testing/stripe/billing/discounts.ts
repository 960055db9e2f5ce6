import { stripeId } from '../account/ids.js';
import type { Coupon, Discount, InvoiceLine, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Params } from '../http/params.js';
import { parameterMissing } from '../http/refusals.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { periodEnd } from './periods.js';

/** A coupon that somebody has a right to, and the code that gave it to them. */
export interface RedeemedCoupon {
  readonly coupon: Coupon;
  readonly promotionCode: string | null;
}

/** The coupon that a discount parameter names, directly or by a promotion code. */
export function couponOf(account: StripeAccount, params: Params): RedeemedCoupon {
  const code = params.only('coupon', 'promotion_code').text('promotion_code');
  if (code !== undefined) return couponOfCode(account, account.promotionCodes.named(code, params.nameOf('promotion_code')).id);
  const id = params.text('coupon');
  if (id === undefined) throw parameterMissing(params.nameOf('coupon'));
  return { coupon: redeemable(account.coupons.named(id, params.nameOf('coupon')), account.time.now), promotionCode: null };
}

/** The coupon behind a promotion code that can be redeemed now. */
export function couponOfCode(account: StripeAccount, id: string): RedeemedCoupon {
  const code = account.promotionCodes.named(id, 'promotion_code');
  const isOver = code.expires_at !== null && code.expires_at <= account.time.now;
  const isUsedUp = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
  if (!code.active || isOver || isUsedUp) {
    throw new FakeStripeRefusedError('This promotion code is expired or inactive.', { param: 'promotion_code' });
  }
  const coupon = account.coupons.named(code.promotion.coupon, 'coupon');
  return { coupon: redeemable(coupon, account.time.now), promotionCode: code.id };
}

function redeemable(coupon: Coupon, now: number): Coupon {
  const isUsedUp = coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions;
  const isOver = coupon.redeem_by !== null && coupon.redeem_by <= now;
  if (coupon.valid && !isUsedUp && !isOver) return coupon;
  throw new FakeStripeRefusedError(`Coupon expired: ${coupon.id}`, { stripeCode: 'coupon_expired', param: 'coupon' });
}

interface RedemptionFacts {
  readonly customer: string;
  readonly subscription: string;
  readonly session?: string;
}

/** Makes a discount of a coupon and counts it as redeemed. */
export function redeem(account: StripeAccount, redeemed: RedeemedCoupon, facts: RedemptionFacts): Discount {
  const discount = draftDiscount(account, redeemed, facts);
  countRedemption(account, redeemed, discount);
  return discount;
}

/** Counts a coupon and its code as redeemed by a discount. */
export function countRedemption(account: StripeAccount, { coupon, promotionCode }: RedeemedCoupon, discount: Discount): void {
  coupon.times_redeemed += 1;
  if (coupon.times_redeemed === coupon.max_redemptions) coupon.valid = false;
  const code = promotionCode === null ? undefined : account.promotionCodes.find(promotionCode);
  if (code) code.times_redeemed += 1;
  account.emit('customer.discount.created', discount);
}

/** Makes a discount that nobody hears of yet. */
export function draftDiscount(
  account: StripeAccount,
  { coupon, promotionCode }: RedeemedCoupon,
  { customer, subscription, session }: RedemptionFacts,
): Discount {
  const now = account.time.now;
  const months = coupon.duration === 'repeating' ? coupon.duration_in_months : null;
  return account.discounts.add({
    id: stripeId('di'),
    object: 'discount',
    checkout_session: session ?? null,
    customer,
    customer_account: null,
    end: months === null ? null : periodEnd(now, { interval: 'month', interval_count: months }, now),
    invoice: null,
    invoice_item: null,
    promotion_code: promotionCode,
    source: { coupon: coupon.id, type: 'coupon' },
    start: now,
    subscription,
    subscription_item: null,
  });
}

/** What a coupon takes off each of these amounts. */
export function reductions(coupon: Pick<Coupon, 'amount_off' | 'percent_off'>, amounts: readonly number[]): number[] {
  const percent = coupon.percent_off;
  if (percent !== null) return amounts.map((amount) => Math.round((amount * percent) / 100));
  let left = coupon.amount_off ?? 0;
  return amounts.map((amount) => {
    const off = Math.min(left, Math.max(0, amount));
    left -= off;
    return off;
  });
}

/** Writes onto the lines what the discounts take off, and returns what each discount takes off in all. */
export function discountLines(
  account: StripeAccount,
  discounts: readonly string[],
  lines: readonly InvoiceLine[],
): { amount: number; discount: string }[] {
  const now = account.time.now;
  const valid = discounts
    .map((id) => account.discounts.get(id))
    .filter((discount) => discount.end === null || discount.end > now);
  return valid.map((discount) => {
    const discountable = lines.filter((line) => line.discountable);
    const open = discountable.map(
      (line) => line.amount - (line.discount_amounts ?? []).reduce((sum, one) => sum + one.amount, 0),
    );
    const off = reductions(account.coupons.get(discount.source.coupon), open);
    for (const [index, line] of discountable.entries()) {
      line.discount_amounts = [...(line.discount_amounts ?? []), { amount: off[index] ?? 0, discount: discount.id }];
      line.discounts = [...line.discounts, discount.id];
    }
    return { amount: off.reduce((sum, one) => sum + one, 0), discount: discount.id };
  });
}

/** Takes away the discounts that were good for one invoice, after that. */
export function useUpDiscounts(account: StripeAccount, subscription: Subscription): void {
  subscription.discounts = subscription.discounts.filter((id) => {
    const discount = account.discounts.get(id);
    return account.coupons.get(discount.source.coupon).duration !== 'once';
  });
}
