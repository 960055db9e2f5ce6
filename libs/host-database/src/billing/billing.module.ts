import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { auditBilling } from './billing.audit.js';
import { PlansService } from './plans.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Are they paying? */
@Global()
@Module({ providers: [PlansService, SubscriptionsService], exports: [PlansService, SubscriptionsService] })
export class BillingModule {
  constructor(audited: AuditedEntities) {
    auditBilling(audited);
  }
}
