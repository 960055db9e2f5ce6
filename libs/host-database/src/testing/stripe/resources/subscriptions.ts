import type { Subscription, SubscriptionStatus } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { CHANGE_PARAMS, readCancelAt, readChange } from '../billing/change-params.js';
import { couponOf, redeem } from '../billing/discounts.js';
import type { SubscriptionLifecycle } from '../billing/lifecycle.js';
import type { SubscriptionChanges } from '../billing/subscription-changes.js';
import { recurringPrice } from '../billing/subscription-draft.js';
import type { SubscriptionStarts } from '../billing/subscription-starts.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { parameterInvalid, parameterMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

const DAY = 86_400;
const BEHAVIORS = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;
const SHARED = [
  'metadata',
  'description',
  'default_payment_method',
  'trial_settings',
  'cancel_at',
  'cancel_at_period_end',
  'discounts',
];

/** What the resource of subscriptions needs of billing. */
export interface SubscriptionServices {
  readonly starts: SubscriptionStarts;
  readonly lifecycle: SubscriptionLifecycle;
  readonly changes: SubscriptionChanges;
}

/** `/v1/subscriptions` */
export function subscriptionRoutes(account: StripeAccount, { starts, lifecycle, changes }: SubscriptionServices): Route[] {
  const endAt = (subscription: Subscription, params: Params): void => {
    const end = readCancelAt(params, subscription, account.time.now);
    if (!end) return;
    if (subscription.schedule !== null)
      throw new FakeStripeRefusedError(
        `The subscription is managed by the subscription schedule \`${subscription.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
      );
    subscription.cancel_at = end.at;
    subscription.cancel_at_period_end = end.atPeriodEnd;
    subscription.canceled_at = end.at === null ? null : account.time.now;
    const details = { comment: null, feedback: null, feedback_option: null, ...subscription.cancellation_details };
    subscription.cancellation_details = { ...details, reason: end.at === null ? null : 'cancellation_requested' };
  };

  const create = ({ params }: ApiCall): object => {
    params.only(
      'customer',
      'items',
      'trial_period_days',
      'trial_end',
      'billing_mode',
      'collection_method',
      'off_session',
      'currency',
      'proration_behavior',
      'payment_behavior',
      ...SHARED,
    );
    const subscription = starts.start({
      customer: account.customers.named(params.requiredText('customer'), 'customer'),
      items: (params.parts('items') ?? missing('items')).map((item) => ({
        price: recurringPrice(account, item.only('price', 'quantity', 'metadata').requiredText('price'), item.nameOf('price')),
        quantity: item.integer('quantity') ?? 1,
        metadata: item.metadata(),
      })),
      metadata: params.metadata(),
      description: params.text('description'),
      trialEnd: trialEndOf(params, account.time.now),
      missingPaymentMethod: missingPaymentMethodOf(params),
      paymentMethod: params.text('default_payment_method'),
      billingMode: params.part('billing_mode')?.oneOf('type', ['classic', 'flexible']),
      collectionMethod: params.oneOf('collection_method', ['charge_automatically', 'send_invoice']),
      paymentBehavior: params.oneOf('payment_behavior', BEHAVIORS),
      coupons: (params.parts('discounts') ?? []).map((discount) => couponOf(account, discount)),
    });
    if (!params.has('cancel_at') && !params.has('cancel_at_period_end')) return subscription;
    account.change(subscription, 'customer.subscription.updated', (one) => endAt(one, params));
    lifecycle.plan(subscription);
    return subscription;
  };

  const update = ({ params, id }: ApiCall): object => {
    params.only(...CHANGE_PARAMS, ...SHARED, 'pause_collection', 'cancellation_details', 'off_session', 'payment_behavior');
    const subscription = account.subscriptions.get(id);
    const coupons = params.parts('discounts')?.map((discount) => couponOf(account, discount));
    const change = readChange(account, params, subscription);
    if (params.oneOf('payment_behavior', BEHAVIORS) === 'error_if_incomplete') changes.requirePayment(subscription, change);
    changes.apply(subscription, change, (one) => {
      one.metadata = params.metadata(one.metadata);
      if (params.has('description')) one.description = params.text('description') ?? null;
      const method = params.text('default_payment_method');
      if (method !== undefined) one.default_payment_method = account.paymentMethods.named(method, 'default_payment_method').id;
      endAt(one, params);
      const details = params.part('cancellation_details')?.only('comment', 'feedback');
      if (details)
        one.cancellation_details = { feedback_option: null, reason: null, ...one.cancellation_details, ...detailsOf(details) };
      one.trial_settings.end_behavior.missing_payment_method =
        missingPaymentMethodOf(params) ?? one.trial_settings.end_behavior.missing_payment_method;
      if (params.has('pause_collection')) one.pause_collection = pauseCollectionOf(params);
      if (params.isCleared('discounts')) one.discounts = [];
      if (coupons)
        one.discounts = coupons.map((coupon) => redeem(account, coupon, { customer: one.customer, subscription: id }).id);
    });
    planResumption(subscription);
    return subscription;
  };

  const planResumption = (subscription: Subscription): void => {
    const key = `${subscription.id}:collection`;
    account.timeline.cancel(key);
    const at = subscription.pause_collection?.resumes_at ?? null;
    if (at === null) return;
    account.timeline.plan(key, at, () => {
      account.change(subscription, 'customer.subscription.updated', (one) => {
        one.pause_collection = null;
      });
    });
  };

  const cancel = ({ params, id }: ApiCall): object => {
    params.only('prorate', 'invoice_now', 'cancellation_details');
    const subscription = account.subscriptions.get(id);
    const details = params.part('cancellation_details')?.only('comment', 'feedback');
    if (details) subscription.cancellation_details = { feedback_option: null, reason: null, ...detailsOf(details) };
    changes.cancelNow(subscription, {
      prorate: params.flag('prorate') ?? false,
      invoiceNow: params.flag('invoice_now') ?? false,
    });
    return subscription;
  };

  const pause = ({ params, id }: ApiCall): object => {
    params.only('bill_for', 'invoicing_behavior', 'type');
    const from = params.part('bill_for')?.only('unused_time_from', 'outstanding_usage_through').part('unused_time_from');
    const subscription = account.subscriptions.get(id);
    changes.pause(subscription, { credit: from?.oneOf('type', ['none', 'now']) !== 'none' });
    return subscription;
  };

  const resume = ({ params, id }: ApiCall): object => {
    params.only('billing_cycle_anchor', 'payment_behavior', 'proration_behavior', 'proration_date');
    const subscription = account.subscriptions.get(id);
    changes.resume(subscription, { anchor: params.oneOf('billing_cycle_anchor', ['now', 'unchanged']) ?? 'now' });
    return subscription;
  };

  const list = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'customer', 'status', 'price');
    const rows = account.subscriptions
      .newestFirst()
      .filter(
        (subscription) =>
          subscription.customer === (params.text('customer') ?? subscription.customer) &&
          hasStatus(subscription.status, params.text('status')) &&
          (!params.has('price') || subscription.items.data.some((item) => item.price.id === params.text('price'))),
      );
    return pageOf(call, rows);
  };

  return [
    { method: 'POST', path: '/v1/subscriptions', handle: create },
    { method: 'GET', path: '/v1/subscriptions', handle: list },
    { method: 'GET', path: '/v1/subscriptions/:id', handle: ({ id }) => account.subscriptions.get(id) },
    { method: 'POST', path: '/v1/subscriptions/:id', handle: update },
    { method: 'DELETE', path: '/v1/subscriptions/:id', handle: cancel },
    { method: 'POST', path: '/v1/subscriptions/:id/pause', handle: pause },
    { method: 'POST', path: '/v1/subscriptions/:id/resume', handle: resume },
  ];
}

/** When a trial ends that these parameters ask for. */
export function trialEndOf(params: Params, now: number): number | undefined {
  const days = params.integer('trial_period_days');
  const end = params.text('trial_end') === 'now' ? undefined : params.integer('trial_end');
  if (end !== undefined && end <= now) throw parameterInvalid(params.nameOf('trial_end'), 'must be in the future');
  if (days !== undefined && days < 1) throw parameterInvalid(params.nameOf('trial_period_days'), 'must be at least 1');
  return end ?? (days === undefined ? undefined : now + days * DAY);
}

/** What is to happen at the end of a trial that nobody has given a payment method for. */
export function missingPaymentMethodOf(params: Params): 'cancel' | 'create_invoice' | 'pause' | undefined {
  const behavior = params.part('trial_settings')?.only('end_behavior').part('end_behavior');
  return behavior?.only('missing_payment_method').oneOf('missing_payment_method', ['cancel', 'create_invoice', 'pause']);
}

/** Lists hide what is over, unless it is asked for. */
function hasStatus(status: SubscriptionStatus, wanted: string | undefined): boolean {
  if (wanted === 'all') return true;
  if (wanted === 'ended') return status === 'canceled' || status === 'incomplete_expired';
  return wanted === undefined ? status !== 'canceled' : status === wanted;
}

function pauseCollectionOf(params: Params): Subscription['pause_collection'] {
  const pause = params.part('pause_collection')?.only('behavior', 'resumes_at');
  if (!pause) return null;
  const behavior = pause.oneOf('behavior', ['keep_as_draft', 'mark_uncollectible', 'void']) ?? missing(pause.nameOf('behavior'));
  return { behavior, resumes_at: pause.integer('resumes_at') ?? null };
}

function detailsOf(details: Params): { comment: string | null; feedback: string | null } {
  return { comment: details.text('comment') ?? null, feedback: details.text('feedback') ?? null };
}

function missing(param: string): never {
  throw parameterMissing(param);
}
