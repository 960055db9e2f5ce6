import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../common/index.js';
import { PricingPlan } from './pricing-plan.entity.js';

export const BILLING_INTERVALS = ['month', 'year'] as const;

export type BillingInterval = (typeof BILLING_INTERVALS)[number];

const PlanPriceSchema = defineEntity({
  name: 'PlanPrice',
  tableName: 'core_plan_prices',
  properties: {
    /** The id of the price at Stripe. What it costs never changes there. */
    id: p.string().length(255).primary(),
    planId: () =>
      p
        .manyToOne(PricingPlan)
        .mapToPk()
        .fieldName('plan_id')
        .deleteRule('cascade')
        .updateRule('no action')
        .index('core_plan_prices_plan_id_index'),
    /** None where it is paid once. */
    interval: p.enum(BILLING_INTERVALS).nullable(),
    /** In minor units of `currency`. */
    amount: p.integer().nullable(),
    /** ISO 4217, lower case. */
    currency: p.string().length(3),
    /** Whether it can be bought; one that was retired is still paid by those who have it. */
    isActive: p.boolean().default(true),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** A price at Stripe, and whose it is (`core_plan_prices`): also one that a plan no longer has, which customers keep. */
export class PlanPrice extends PlanPriceSchema.class {}

PlanPriceSchema.setClass(PlanPrice);
