import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const StripeCustomerSchema = defineEntity({
  name: 'StripeCustomer',
  tableName: 'core_stripe_customers',
  properties: {
    /** The id of the customer at Stripe. */
    id: p.string().length(255).primary(),
    /** Whose it is, and never another's. No foreign key: who has paid outlives the tenant's row. */
    tenantId: p.string().length(32).unique('core_stripe_customers_tenant_id_unique'),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** Which customer at Stripe is which tenant (`core_stripe_customers`). Written by the host when it makes one, and never guessed from an email. */
export class StripeCustomer extends StripeCustomerSchema.class {}

StripeCustomerSchema.setClass(StripeCustomer);
