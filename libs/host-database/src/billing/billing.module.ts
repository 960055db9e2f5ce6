import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { SEAT_LIMITS } from '../memberships/index.js';
import { auditBilling } from './billing.audit.js';
import { FeatureCatalogue } from './features/index.js';
import { PlanSeatLimits } from './plan-seat-limits.js';
import { PlansService } from './plans.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Are they paying? */
@Global()
@Module({
  providers: [FeatureCatalogue, PlansService, SubscriptionsService, { provide: SEAT_LIMITS, useClass: PlanSeatLimits }],
  exports: [FeatureCatalogue, PlansService, SubscriptionsService, SEAT_LIMITS],
})
export class BillingModule {
  constructor(audited: AuditedEntities) {
    auditBilling(audited);
  }
}
