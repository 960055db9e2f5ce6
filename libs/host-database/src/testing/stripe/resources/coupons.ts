import { stripeId } from '../account/ids.js';
import type { Coupon } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import { parameterInvalid, parameterMissing, resourceMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

/** `/v1/coupons` and `/v1/promotion_codes` */
export function couponRoutes(account: StripeAccount): Route[] {
  const createCoupon = ({ params }: ApiCall): object => {
    params.only(
      'id',
      'name',
      'percent_off',
      'amount_off',
      'currency',
      'duration',
      'duration_in_months',
      'max_redemptions',
      'redeem_by',
      'metadata',
    );
    const percentOff = params.number('percent_off') ?? null;
    const amountOff = params.integer('amount_off') ?? null;
    if ((percentOff === null) === (amountOff === null))
      throw parameterInvalid('percent_off', 'pass percent_off or amount_off, and not both');
    if (amountOff !== null && !params.has('currency')) throw parameterMissing('currency');
    const duration = params.oneOf('duration', ['forever', 'once', 'repeating']) ?? 'once';
    if (duration === 'repeating' && !params.has('duration_in_months')) throw parameterMissing('duration_in_months');
    const id = params.text('id') ?? stripeId('x', 8).slice(2);
    if (account.coupons.find(id)) {
      throw new FakeStripeRefusedError('Coupon already exists.', { stripeCode: 'resource_already_exists', param: 'id' });
    }
    const coupon = account.coupons.add({
      id,
      object: 'coupon',
      amount_off: amountOff,
      created: account.time.now,
      currency: amountOff === null ? null : (params.text('currency') ?? null),
      duration,
      duration_in_months: params.integer('duration_in_months') ?? null,
      livemode: false,
      max_redemptions: params.integer('max_redemptions') ?? null,
      metadata: params.metadata(),
      name: params.text('name') ?? null,
      percent_off: percentOff,
      redeem_by: params.integer('redeem_by') ?? null,
      times_redeemed: 0,
      valid: true,
    });
    account.emit('coupon.created', coupon);
    return coupon;
  };

  const createCode = ({ params }: ApiCall): object => {
    params.only('promotion', 'code', 'active', 'expires_at', 'max_redemptions', 'metadata');
    const promotion = params.part('promotion')?.only('type', 'coupon');
    if (!promotion) throw parameterMissing('promotion');
    const coupon = account.coupons.named(promotion.requiredText('coupon'), promotion.nameOf('coupon'));
    const code = account.promotionCodes.add({
      id: stripeId('promo'),
      object: 'promotion_code',
      active: params.flag('active') ?? true,
      code: params.text('code') ?? stripeId('x', 8).slice(2).toUpperCase(),
      created: account.time.now,
      customer: null,
      customer_account: null,
      expires_at: params.integer('expires_at') ?? null,
      livemode: false,
      max_redemptions: params.integer('max_redemptions') ?? null,
      metadata: params.metadata(),
      promotion: { coupon: coupon.id, type: 'coupon' },
      restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
      times_redeemed: 0,
    });
    account.emit('promotion_code.created', code);
    return code;
  };

  const updateCode = ({ params, id }: ApiCall): object => {
    params.only('active', 'metadata');
    return account.change(account.promotionCodes.get(id), 'promotion_code.updated', (code) => {
      code.active = params.flag('active') ?? code.active;
      code.metadata = params.metadata(code.metadata ?? {});
    });
  };

  const listCodes = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'active', 'code', 'coupon');
    const rows = account.promotionCodes
      .newestFirst()
      .filter(
        (code) =>
          code.active === (params.flag('active') ?? code.active) &&
          code.code.toLowerCase() === (params.text('code') ?? code.code).toLowerCase() &&
          code.promotion.coupon === (params.text('coupon') ?? code.promotion.coupon),
      );
    return pageOf(call, rows);
  };

  /** Who has one of these keeps it. */
  const deleted = new Set<string>();

  const retrieveCoupon = ({ id }: ApiCall): Coupon => {
    if (deleted.has(id)) throw resourceMissing('coupon', id);
    return account.coupons.get(id);
  };

  const deleteCoupon = (call: ApiCall): object => {
    const { id } = call;
    const coupon = retrieveCoupon(call);
    deleted.add(id);
    coupon.valid = false;
    account.emit('coupon.deleted', coupon);
    return { id, object: 'coupon', deleted: true };
  };

  return [
    { method: 'POST', path: '/v1/coupons', handle: createCoupon },
    {
      method: 'GET',
      path: '/v1/coupons',
      handle: (call) =>
        pageOf(
          { ...call, params: call.params.only(...LIST_PARAMS) },
          account.coupons.newestFirst().filter(({ id }) => !deleted.has(id)),
        ),
    },
    { method: 'GET', path: '/v1/coupons/:id', handle: retrieveCoupon },
    { method: 'DELETE', path: '/v1/coupons/:id', handle: deleteCoupon },
    { method: 'POST', path: '/v1/promotion_codes', handle: createCode },
    { method: 'GET', path: '/v1/promotion_codes', handle: listCodes },
    { method: 'GET', path: '/v1/promotion_codes/:id', handle: ({ id }) => account.promotionCodes.get(id) },
    { method: 'POST', path: '/v1/promotion_codes/:id', handle: updateCode },
  ];
}
