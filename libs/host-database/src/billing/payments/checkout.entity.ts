import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { PAYMENT_TYPES } from '../subscription.entity.js';

/** `starting` until Stripe has answered; `open` while it can be paid. */
export const CHECKOUT_STATUSES = ['starting', 'open', 'complete', 'expired'] as const;

export type CheckoutStatus = (typeof CHECKOUT_STATUSES)[number];

/** A tenant has one checkout of a kind under way. */
const CHECKOUT_UNIQUE = {
  name: 'core_checkouts_under_way_unique',
  table: 'core_checkouts',
  columns: ['tenant_id', 'payment_type'],
};

const CheckoutSchema = defineEntity({
  name: 'Checkout',
  tableName: 'core_checkouts',
  properties: {
    /** Also what makes the call to Stripe idempotent. */
    id: p.string().length(32).primary().onCreate(genId),
    tenant: () =>
      p
        .manyToOne(TenantCatalog)
        .ref()
        .fieldName('tenant_id')
        .deleteRule('cascade')
        .updateRule('no action')
        .index('core_checkouts_tenant_id_index'),
    paymentType: p.enum(PAYMENT_TYPES),
    /** A hash of what was asked for: the same again is the same session. */
    fingerprint: p.string().length(64),
    stripeCheckoutId: p.string().nullable().unique('core_checkouts_stripe_checkout_id_unique'),
    /** Where it is paid. */
    url: p.text().nullable(),
    status: p.enum(CHECKOUT_STATUSES).default('starting'),
    expiresAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [{ name: CHECKOUT_UNIQUE.name, properties: ['tenant', 'paymentType'], where: `status in ('starting', 'open')` }],
});

/** A checkout session that was started for a tenant (`core_checkouts`). */
export class Checkout extends CheckoutSchema.class {}

CheckoutSchema.setClass(Checkout);
