import type { AuditedEntities } from '../audit/index.js';
import { TenantTrial } from './entitlements/index.js';
import { PricingPlan } from './pricing-plan.entity.js';
import { Subscription } from './subscription.entity.js';

/** Has the changes of plans, trials and subscriptions recorded. */
export function auditBilling(audited: AuditedEntities): void {
  audited.register(PricingPlan, { name: 'plans' });
  audited.register(TenantTrial, { name: 'trials', tenant: 'tenantId' });
  audited.register(Subscription, { name: 'subscriptions', tenant: 'tenant' });
}
