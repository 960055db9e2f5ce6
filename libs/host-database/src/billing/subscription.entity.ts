import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';
import { TenantCatalog } from '../tenants/index.js';
import type { EntitlementSnapshot } from './entitlements/entitlement-snapshot.js';

/**
 * The states of a subscription, as Stripe names them, and one for those that it may have tomorrow.
 *
 * @see https://docs.stripe.com/api/subscriptions/object#subscription_object-status
 */
export const SUBSCRIPTION_STATUSES = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
  // One that Stripe has and this version does not know. It gives no access.
  'unknown',
] as const;

/** In which a tenant has one subscription, and can have no second. */
export const LIVE_SUBSCRIPTION_STATUSES = ['trialing', 'active', 'past_due', 'unpaid', 'paused'] as const;

export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export const PAYMENT_TYPES = ['subscription', 'one_time'] as const;

export type PaymentType = (typeof PAYMENT_TYPES)[number];

/** How a dispute about a purchase stands. */
export const DISPUTE_STATES = ['open', 'won', 'lost'] as const;

/** A tenant has one live subscription. */
const LIVE_SUBSCRIPTION_UNIQUE = {
  name: 'core_subscriptions_live_unique',
  table: 'core_subscriptions',
  columns: ['tenant_id'],
};

const LIVE = `payment_type = 'subscription' and duplicate_of is null and status in (${LIVE_SUBSCRIPTION_STATUSES.map((status) => `'${status}'`).join(', ')})`;

const SubscriptionSchema = defineEntity({
  name: 'Subscription',
  tableName: 'core_subscriptions',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    tenant: () =>
      p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade').index('core_subscriptions_tenant_id_index'),
    stripeSubId: p.string().nullable().unique('core_subscriptions_stripe_sub_id_unique'),
    stripeCustId: p.string().nullable().index('core_subscriptions_stripe_cust_id_index'),
    /** The id of the plan. A plan that was renamed or retired does not change what was bought, so this is no foreign key. */
    planTier: p.string(),
    status: p.enum(SUBSCRIPTION_STATUSES),
    currentPeriodEnd: p.datetime(3).nullable(),
    cancelAtPeriodEnd: p.boolean().default(false),
    paymentType: p.enum(PAYMENT_TYPES).default('subscription'),
    /** In minor units of the plan's currency. */
    amountCents: p.integer().nullable(),
    productName: p.string().nullable(),
    trialEnd: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    /** The price that is paid, which may be one that the plan no longer has. */
    stripePriceId: p.string().nullable(),
    /** How many seats are paid for. */
    quantity: p.integer().nullable(),
    /** ISO 4217, lower case. */
    currency: p.string().length(3).nullable(),
    trialStart: p.datetime(3).nullable(),
    /** When it ends by itself: the customer portal sets this, and leaves `cancelAtPeriodEnd` false. */
    cancelAt: p.datetime(3).nullable(),
    /** When somebody has canceled it, which may be long before it ends. */
    canceledAt: p.datetime(3).nullable(),
    endedAt: p.datetime(3).nullable(),
    /** Since when it has been past due without a payment between; further failed charges do not move it. */
    firstPastDueAt: p.datetime(3).nullable(),
    /** The end of its grace period, set once with `firstPastDueAt`. */
    graceUntil: p.datetime(3).nullable(),
    /** Whether invoices are made and not collected, which leaves the status as it is. */
    isCollectionPaused: p.boolean().default(false),
    latestInvoiceId: p.string().nullable(),
    /** `flexible` or `classic`. */
    billingMode: p.string().nullable(),
    /** Whether it is real money; none where Stripe has no part in it. */
    livemode: p.boolean().nullable(),
    /** Of a purchase: the checkout session that it was made in. */
    stripeCheckoutId: p.string().nullable().unique('core_subscriptions_stripe_checkout_id_unique'),
    /** Of a purchase: its payment, by which refunds and disputes find it. */
    stripePaymentIntentId: p.string().nullable().index('core_subscriptions_stripe_payment_intent_id_index'),
    /** Of a purchase: `paid`, `no_payment_required` or `unpaid`. */
    paymentStatus: p.string().nullable(),
    /** Of a purchase: what was paid back so far, in minor units. */
    amountRefunded: p.integer().nullable(),
    /** Of a purchase: whether all of it was paid back. */
    isRefunded: p.boolean().default(false),
    /** Of a purchase: how a dispute about it stands. */
    dispute: p.enum(DISPUTE_STATES).nullable(),
    /** The id of the tenant's subscription that was live first, where this one was bought beside it. It gives nothing. */
    duplicateOf: p.string().length(32).nullable(),
    /** When Stripe was last asked about it. */
    syncedAt: p.datetime(3).nullable(),
    /** Grows with each change. */
    version: p.integer().version(),
    /** What the plan included when this began, or when the plan was last applied. Written with each change of the plan. */
    entitlements: p.json().$type<EntitlementSnapshot>().nullable(),
  },
  uniques: [{ name: LIVE_SUBSCRIPTION_UNIQUE.name, properties: ['tenant'], where: LIVE }],
  checks: [{ name: 'core_subscriptions_amount_cents_check', expression: 'amount_cents >= 0' }],
});

/** What a tenant has bought (`core_subscriptions`). */
export class Subscription extends SubscriptionSchema.class {}

SubscriptionSchema.setClass(Subscription);
