import { defineEntity, p } from '@mikro-orm/core';
import { TenantCatalog } from '../../tenants/index.js';

const UsageCounterSchema = defineEntity({
  name: 'UsageCounter',
  tableName: 'core_usage_counters',
  properties: {
    tenantId: () =>
      p.manyToOne(TenantCatalog).primary().mapToPk().fieldName('tenant_id').deleteRule('cascade').updateRule('no action'),
    /** The key of the limit. */
    name: p.string().length(80).primary(),
    used: p.integer(),
  },
  checks: [{ name: 'core_usage_counters_used_check', expression: 'used >= 0' }],
});

/** How many of something that plans limit a tenant has taken (`core_usage_counters`). */
export class UsageCounter extends UsageCounterSchema.class {}

UsageCounterSchema.setClass(UsageCounter);
