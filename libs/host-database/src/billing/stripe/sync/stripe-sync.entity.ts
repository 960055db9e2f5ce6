import { defineEntity, p } from '@mikro-orm/core';

const StripeSyncSchema = defineEntity({
  name: 'StripeSync',
  tableName: 'core_stripe_syncs',
  properties: {
    /** What is looked at, such as `subscription:sub_1`. */
    subject: p.string().length(255).primary(),
    /** How often Stripe was asked about it. */
    asked: p.integer().default(0),
    /** Which of these answers is in the database; one that was asked for earlier is not applied any more. */
    applied: p.integer().default(0),
    syncedAt: p.datetime(3).nullable(),
  },
  checks: [{ name: 'core_stripe_syncs_applied_check', expression: 'applied <= asked' }],
});

/**
 * How far the database follows one object at Stripe (`core_stripe_syncs`). Its row is the lock under which answers are applied, and tells an
 * older answer from a newer one: nothing holds a transaction open while Stripe is asked.
 */
export class StripeSync extends StripeSyncSchema.class {}

StripeSyncSchema.setClass(StripeSync);
