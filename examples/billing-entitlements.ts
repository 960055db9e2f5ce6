// What a tenant may use: plans with features and limits, a trial, routes that are paid for, and things that are counted.
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Get, Post } from '@nestjs/common';
import {
  AccessGuardModule,
  CurrentTenant,
  RequireFeature,
  RequireSubscription,
  SessionsService,
  TenantRoute,
} from 'nestjs-host-database/access';
import {
  defineFeatures,
  defineLimits,
  Entitlements,
  type InferFeatures,
  type InferLimits,
  PaymentRequiredError,
  PlansService,
  SubscriptionsService,
  TrialsService,
  UsageLimits,
} from 'nestjs-host-database/billing';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { createTestHost } from 'nestjs-host-database/testing';

const features = defineFeatures({ charts: { description: 'Charts of everything.' } });
const limits = defineLimits({ boards: {} });

declare module 'nestjs-host-database/billing' {
  interface FeatureTypes extends InferFeatures<typeof features> {}
  interface LimitTypes extends InferLimits<typeof limits> {}
}

@RequireSubscription()
@TenantRoute()
@Controller('tenants/:tenantId')
class BoardsController {
  constructor(private readonly usage: UsageLimits) {}

  @Post('boards')
  async add(@CurrentTenant() { id }: TenantRecord): Promise<{ boards: number }> {
    return { boards: await this.usage.consume(id, 'boards') };
  }

  @RequireSubscription({ toRead: true })
  @RequireFeature('charts')
  @Get('charts')
  charts(): { charts: number } {
    return { charts: 3 };
  }
}

@Catch(PaymentRequiredError)
class PaymentFilter implements ExceptionFilter<PaymentRequiredError> {
  catch({ requires, status, graceUntil, portalUrl }: PaymentRequiredError, context: ArgumentsHost): void {
    const response = context.switchToHttp().getResponse<ServerResponse>();
    response.statusCode = 402;
    response.end(JSON.stringify({ requires, status, graceUntil, portalUrl }));
  }
}

const host = await createTestHost({
  options: { billing: { features, limits, portalUrl: () => 'https://app.example.com/billing' } },
  imports: [AccessGuardModule],
  controllers: [BoardsController],
  http: (module) => module.createNestApplication().useGlobalFilters(new PaymentFilter()),
});
await host.app.listen(0, '127.0.0.1');
const url = `http://127.0.0.1:${(host.app.getHttpServer().address() as AddressInfo).port}`;
const { id: tenantId } = await host.newTenant({ name: 'Acme' });
const { user } = await host.newMembership({ tenantId });
const { token } = await host.run(() => host.get(SessionsService).open({ userId: user.id, transport: 'bearer' }));

async function ask(method: string, path: string): Promise<void> {
  const response = await fetch(`${url}/tenants/${tenantId}/${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  console.log(`${response.status} ${await response.text()}`);
}

const plans = host.get(PlansService);
const catalogue = { pro: { name: 'Pro', trialDays: 1, features: ['charts'], limits: { boards: 2 }, tierLevel: 2 } } as const;
const differences = await host.run(() => plans.load(catalogue, { dryRun: true }));
console.log(differences.map(({ planId, kind }) => `${planId} would be ${kind}`).join());
await host.run(() => plans.load(catalogue));

await ask('POST', 'boards');
await host.run(() => host.get(TrialsService).start(tenantId, { planId: 'pro' }));
await ask('POST', 'boards');
host.clock.advance(86_400_000);
await ask('GET', 'charts');
await host.run(() => host.get(SubscriptionsService).upsert(tenantId, { planTier: 'pro', status: 'active' }));
await ask('GET', 'charts');

await host.run(() => plans.upsert('pro', { features: [] }));
const entitlements = host.get(Entitlements);
console.log(`the plan has no charts, Acme has: ${(await entitlements.of(tenantId)).allows('charts')}`);
await host.run(() => plans.applyToExisting('pro'));
console.log(`applied: ${(await entitlements.of(tenantId)).allows('charts')}`);
await host.close();
