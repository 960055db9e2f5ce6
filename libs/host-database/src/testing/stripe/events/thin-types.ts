import type { SnapshotEvent } from '../account/objects.js';

/** Where the objects are that thin events name. */
const URLS: Readonly<Record<string, string>> = {
  charge: '/v1/charges',
  'checkout.session': '/v1/checkout/sessions',
  coupon: '/v1/coupons',
  customer: '/v1/customers',
  dispute: '/v1/disputes',
  invoice: '/v1/invoices',
  invoice_payment: '/v1/invoice_payments',
  payment_intent: '/v1/payment_intents',
  payment_method: '/v1/payment_methods',
  price: '/v1/prices',
  product: '/v1/products',
  promotion_code: '/v1/promotion_codes',
  refund: '/v1/refunds',
  subscription: '/v1/subscriptions',
  subscription_schedule: '/v1/subscription_schedules',
};

/** Statuses of a subscription that have a thin event of their own. */
const STATUSES = new Set(['active', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid']);

/** The thin events that come with an event: its own, and for a subscription those that say what has changed. */
export function thinTypes({ type, data }: SnapshotEvent): { readonly type: string; readonly url: string }[] {
  const kind = 'object' in data.object && typeof data.object.object === 'string' ? data.object.object : '';
  const url = URLS[kind];
  if (url === undefined) return [];
  const types = new Set([`v1.${type}`]);
  if (type === 'customer.subscription.updated') for (const one of changesOf(data)) types.add(`v1.customer.subscription.${one}`);
  return [...types].map((one) => ({ type: one, url }));
}

function* changesOf({ object, previous_attributes: previous = {} }: SnapshotEvent['data']): Generator<string> {
  const status = 'status' in object ? String(object.status) : '';
  if ('status' in previous && STATUSES.has(status)) yield status;
  if ('cancel_at' in previous) yield 'cancel_at_changed';
  const items = JSON.stringify(previous['items'] ?? '');
  const now = 'items' in object ? JSON.stringify(object.items) : '';
  if (items === '""') return;
  if (differs('"quantity":(\\d+)', items, now)) yield 'item_quantity_changed';
  if (differs('"price":\\{"id":"([^"]+)"', items, now)) yield 'item_price_changed';
}

function differs(pattern: string, before: string, after: string): boolean {
  const found = (text: string): string => [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => match[1]).join();
  return found(before) !== found(after);
}
