import { MikroORM } from '@mikro-orm/core';
import { Global, Inject, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { TransactionScope } from '../database/index.js';
import { SEAT_LIMITS } from '../memberships/index.js';
import { TenantEvents } from '../tenants/index.js';
import { auditBilling } from './billing.audit.js';
import { billingAuditEvents } from './billing.audit-events.js';
import { BILLING_OPTIONS, type ResolvedBillingOptions } from './billing.options.js';
import {
  AccessStandings,
  BillingChanges,
  billingChangesProvider,
  BillingChangesSubscriber,
  EntitlementReader,
  Entitlements,
  EntitlementSnapshotSubscriber,
  PlanApplications,
  TrialsService,
  UsageLimits,
} from './entitlements/index.js';
import { FeatureCatalogue } from './features/index.js';
import { CheckoutRows } from './payments/checkout-rows.js';
import { CheckoutSessions } from './payments/checkout-sessions.js';
import { Checkouts } from './payments/checkouts.js';
import { CustomerPortal } from './payments/customer-portal.js';
import { StripeCustomers } from './payments/stripe-customers.js';
import { ScheduledChanges } from './payments/scheduled-changes.js';
import { StripeSubscriptions } from './payments/stripe-subscriptions.js';
import { SubscriptionChanges } from './payments/subscription-changes.js';
import { PlanPrices } from './payments/plan-prices.js';
import { PlanSeatLimits } from './plan-seat-limits.js';
import { PlansService } from './plans.service.js';
import { StripeInbox } from './stripe/inbox/stripe-inbox.js';
import { StripeGateway } from './stripe/stripe-gateway.js';
import { SubscriptionsService } from './subscriptions.service.js';

const payments = [Checkouts, CustomerPortal, StripeCustomers, SubscriptionChanges];
const services = [
  ...payments,
  Entitlements,
  FeatureCatalogue,
  PlanPrices,
  PlansService,
  SubscriptionsService,
  TrialsService,
  UsageLimits,
];

/** Are they paying? */
@Global()
@Module({
  providers: [
    ...services,
    billingChangesProvider,
    EntitlementReader,
    AccessStandings,
    PlanApplications,
    StripeGateway,
    StripeInbox,
    CheckoutRows,
    CheckoutSessions,
    ScheduledChanges,
    StripeSubscriptions,
    { provide: SEAT_LIMITS, useClass: PlanSeatLimits },
  ],
  exports: [...services, SEAT_LIMITS],
})
export class BillingModule {
  constructor(
    orm: MikroORM,
    scope: TransactionScope,
    changes: BillingChanges,
    audited: AuditedEntities,
    catalogue: AuditCatalogue,
    tenants: TenantEvents,
    trials: TrialsService,
    @Inject(BILLING_OPTIONS) { trialPlan }: ResolvedBillingOptions,
  ) {
    auditBilling(audited);
    catalogue.add(billingAuditEvents);
    const events = orm.em.getEventManager();
    events.registerSubscriber(new EntitlementSnapshotSubscriber());
    events.registerSubscriber(new BillingChangesSubscriber(scope, changes));
    if (trialPlan === undefined) return;
    tenants.onCreated(async ({ tenant }) => void (await trials.start(tenant.id, { planId: trialPlan })));
  }
}
