import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { SEAT_LIMITS } from '../memberships/index.js';
import { auditBilling } from './billing.audit.js';
import { PlanSeatLimits } from './plan-seat-limits.js';
import { PlansService } from './plans.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Are they paying? */
@Global()
@Module({
  providers: [PlansService, SubscriptionsService, { provide: SEAT_LIMITS, useClass: PlanSeatLimits }],
  exports: [PlansService, SubscriptionsService, SEAT_LIMITS],
})
export class BillingModule {
  constructor(audited: AuditedEntities) {
    auditBilling(audited);
  }
}
