import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { PricingPlan } from './pricing-plan.entity.js';
import { Subscription } from './subscription.entity.js';
import { PlansService } from './plans.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Are they paying? */
@Global()
@Module({ providers: [PlansService, SubscriptionsService], exports: [PlansService, SubscriptionsService] })
export class BillingModule {
  constructor(audited: AuditedEntities) {
    audited.register(PricingPlan, { name: 'plans' });
    audited.register(Subscription, { name: 'subscriptions', tenant: 'tenant' });
  }
}
