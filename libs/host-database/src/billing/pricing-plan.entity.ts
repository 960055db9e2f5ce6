import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../common/index.js';

const PricingPlanSchema = defineEntity({
  name: 'PricingPlan',
  tableName: 'core_pricing_plans',
  properties: {
    /** A chosen key such as `pro`. */
    id: p.string().length(63).primary(),
    name: p.string(),
    description: p.text().nullable(),
    stripePriceMonthly: p.string().nullable().unique('core_pricing_plans_stripe_price_monthly_unique'),
    stripePriceYearly: p.string().nullable().unique('core_pricing_plans_stripe_price_yearly_unique'),
    /** In minor units of `currency`. */
    amountMonthly: p.integer().nullable(),
    /** In minor units of `currency`. */
    amountYearly: p.integer().nullable(),
    /** ISO 4217, lower case. */
    currency: p.string().length(3).default('usd'),
    trialDays: p.integer().default(30),
    /** Keys of what the plan includes. */
    features: p.json().$type<string[]>(),
    /** How much of what is counted it includes, such as `seats`; what is missing is not limited. */
    limits: p.json().$type<Readonly<Record<string, number>>>().nullable(),
    /** A higher tier includes what a lower one allows. */
    tierLevel: p.integer().default(1),
    isActive: p.boolean().default(true),
    sortOrder: p.integer().default(0),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  checks: [
    { name: 'core_pricing_plans_amount_monthly_check', expression: 'amount_monthly >= 0' },
    { name: 'core_pricing_plans_amount_yearly_check', expression: 'amount_yearly >= 0' },
    { name: 'core_pricing_plans_trial_days_check', expression: 'trial_days >= 0' },
    { name: 'core_pricing_plans_currency_check', expression: 'length(currency) = 3 and currency = lower(currency)' },
  ],
});

/** A plan that tenants can subscribe to (`core_pricing_plans`). */
export class PricingPlan extends PricingPlanSchema.class {}

PricingPlanSchema.setClass(PricingPlan);
