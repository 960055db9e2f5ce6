import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';
import type { EntitlementSnapshot } from './entitlement-snapshot.js';

const TenantTrialSchema = defineEntity({
  name: 'TenantTrial',
  tableName: 'core_tenant_trials',
  properties: {
    /** No foreign key: that there was a trial outlives the tenant's row. */
    tenantId: p.string().length(32).primary(),
    planId: p.string().length(63),
    startedAt: p.datetime(3).onCreate(timestamp),
    endsAt: p.datetime(3),
    /** What the plan included when it began, or when the plan was last applied. */
    entitlements: p.json().$type<EntitlementSnapshot>(),
  },
});

/** The one trial of a tenant that the host has given (`core_tenant_trials`). The row stays when it is over. */
export class TenantTrial extends TenantTrialSchema.class {}

TenantTrialSchema.setClass(TenantTrial);
