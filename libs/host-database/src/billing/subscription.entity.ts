import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';
import { TenantCatalog } from '../tenants/index.js';
import type { EntitlementSnapshot } from './entitlements/entitlement-snapshot.js';

/**
 * The states of a subscription, as Stripe names them.
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
] as const;

export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export const PAYMENT_TYPES = ['subscription', 'one_time'] as const;

export type PaymentType = (typeof PAYMENT_TYPES)[number];

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
    /** What the plan included when this began, or when the plan was last applied. Written with each change of the plan. */
    entitlements: p.json().$type<EntitlementSnapshot>().nullable(),
  },
  checks: [{ name: 'core_subscriptions_amount_cents_check', expression: 'amount_cents >= 0' }],
});

/** What a tenant has bought (`core_subscriptions`). */
export class Subscription extends SubscriptionSchema.class {}

SubscriptionSchema.setClass(Subscription);
