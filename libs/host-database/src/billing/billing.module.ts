import { Global, Module } from '@nestjs/common';
import { PlansService } from './plans.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Are they paying? */
@Global()
@Module({ providers: [PlansService, SubscriptionsService], exports: [PlansService, SubscriptionsService] })
export class BillingModule {}
