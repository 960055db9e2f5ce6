import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, type Type } from '@nestjs/common';
import { genId } from 'nestjs-host-database';
import {
  AccessGuardModule,
  Public,
  RequireFeature,
  RequireRole,
  RequireSubscription,
  RequireTier,
  TenantRoute,
  WithoutSubscription,
} from 'nestjs-host-database/access';
import { type Feature, PlansService, type SubscriptionFacts, SubscriptionsService } from 'nestjs-host-database/billing';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { accessHttp, HeaderAuthentication } from '../support/access-app.js';

const reports = 'guarded_reports' as Feature;
const search = 'guarded_search' as Feature;
const features = { [reports]: {}, [search]: {} };

@RequireSubscription()
@TenantRoute()
@Controller('tenants/:tenantId')
class PaidController {
  @Get('plain')
  plain(): unknown {
    return { plain: true };
  }

  @Post('plain')
  write(): unknown {
    return { written: true };
  }

  @RequireSubscription({ toRead: true })
  @Get('readable')
  readable(): unknown {
    return { readable: true };
  }

  @WithoutSubscription()
  @Get('billing')
  billing(): unknown {
    return { billing: true };
  }

  @RequireRole('admin')
  @Get('admin')
  admin(): unknown {
    return { admin: true };
  }
}

@TenantRoute()
@Controller('plans/:tenantId')
class PlanController {
  @RequireFeature(reports)
  @Get('reports')
  reports(): unknown {
    return { reports: true };
  }

  @RequireFeature(reports)
  @RequireSubscription({ toRead: true })
  @Get('old-reports')
  oldReports(): unknown {
    return { reports: true };
  }

  @RequireFeature(search)
  @Get('search')
  search(): unknown {
    return { search: true };
  }

  @RequireTier(2)
  @Get('tier')
  tier(): unknown {
    return { tier: true };
  }
}

const CONTROLLERS = [PaidController, PlanController];
const SETUPS = [
  ['sqlite', 'express'],
  ['sqlite', 'fastify'],
  ['postgresql', 'express'],
] as const;

describe.each(SETUPS)('routes that are paid for on %s and %s', (database, adapter) => {
  let host: TestHost;
  let tenantId: string;
  let userId: string;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      imports: [AccessGuardModule, HeaderAuthentication],
      controllers: CONTROLLERS,
      options: { billing: { features } },
      http: await accessHttp(adapter),
    });
    await host.app.listen(0, '127.0.0.1');
    await plan('free', { features: [search], tierLevel: 1 });
    await plan('pro', { features: [reports], tierLevel: 2 });
    userId = (await host.newUser()).id;
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    const place = { dbUrl: `postgresql://localhost/none_${genId()}` };
    ({ id: tenantId } = await host.newTenant({ provisioned: false }));
    await host.run(async () => {
      const tenant = await host.hostDatabase.tenantCatalogs.findOneOrFail(tenantId);
      Object.assign(tenant, { ...place, status: 'active', isActive: true });
    });
    await host.newMembership({ userId, tenantId, role: 'member' });
  });

  const plan = (id: string, facts: object) => host.run(() => host.get(PlansService).upsert(id, { name: id, ...facts }));
  const subscribe = (facts: Partial<SubscriptionFacts> = {}) =>
    host.run(() => host.get(SubscriptionsService).upsert(tenantId, { planTier: 'pro', status: 'active', ...facts }));
  const get = async (path: string, user = userId) => {
    const { status, body } = await request(host.app.getHttpServer()).get(path.replace(':id', tenantId)).set('x-user', user);
    return { status, ...(body as object) };
  };
  const refused = { status: 402, code: 'BILLING_PAYMENT_REQUIRED' };
  const rows = (eventType: string) => host.run(() => host.hostDatabase.auditLogs.find({ eventType, targetId: tenantId }));

  it('are for those who have paid', async () => {
    expect(await get('/tenants/:id/plain')).toEqual(refused);
    await subscribe();
    expect(await get('/tenants/:id/plain')).toEqual({ status: 200, plain: true });
    await subscribe({ status: 'canceled' });
    expect(await get('/tenants/:id/plain')).toEqual(refused);
    await subscribe();
    expect(await get('/tenants/:id/plain')).toEqual({ status: 200, plain: true });
  });

  it('say nothing of payments to those who may not come in anyway', async () => {
    const { id: stranger } = await host.newUser();
    expect(await get('/tenants/:id/plain', stranger)).toEqual({ status: 403, code: 'ACCESS_TENANT_DENIED' });
    expect(await get('/tenants/:id/admin')).toEqual({ status: 403, code: 'ACCESS_ROLE_REQUIRED' });
    await host.run(() => subscribe());
    expect(await get('/tenants/:id/admin')).toEqual({ status: 403, code: 'ACCESS_ROLE_REQUIRED' });
  });

  it('leave open what is exempt', async () => {
    expect(await get('/tenants/:id/billing')).toEqual({ status: 200, billing: true });
  });

  it('are open to read while access is restricted', async () => {
    const outcomes = async () => {
      const paths = ['/tenants/:id/plain', '/tenants/:id/readable', '/plans/:id/reports', '/plans/:id/old-reports'];
      const statuses: number[] = [];
      for (const path of paths) statuses.push((await get(path)).status);
      return statuses;
    };
    expect(await outcomes()).toEqual([402, 402, 402, 402]);
    await subscribe();
    expect(await outcomes()).toEqual([200, 200, 200, 200]);
    // Since when is not known.
    await subscribe({ status: 'past_due' });
    expect(await outcomes()).toEqual([402, 200, 402, 200]);
    await subscribe({ status: 'unpaid' });
    expect(await outcomes()).toEqual([402, 402, 402, 402]);
    await subscribe();
    expect(await outcomes()).toEqual([200, 200, 200, 200]);
    // Blocked, let in, restricted, blocked, and let in again: once each.
    expect(await rows('billing.access-denied')).toHaveLength(3);
    expect(await rows('billing.access-restored')).toHaveLength(2);
  });

  it('are those of the plan, and of the one that is free', async () => {
    expect(await get('/plans/:id/search')).toEqual({ status: 200, search: true });
    expect([await get('/plans/:id/reports'), await get('/plans/:id/tier')]).toEqual([refused, refused]);
    await subscribe();
    expect(await get('/plans/:id/search')).toEqual({ status: 200, search: true });
    expect(await get('/plans/:id/reports')).toEqual({ status: 200, reports: true });
    expect(await get('/plans/:id/tier')).toEqual({ status: 200, tier: true });
    // What a plan does not include is no refusal of the tenant.
    expect(await rows('billing.access-denied')).toEqual([]);
  });
});

describe('declarations of what is paid for', () => {
  const boot = async (controller: Type) => {
    const host = await createTestHost({
      imports: [HeaderAuthentication],
      controllers: [controller],
      options: { billing: { features } },
    });
    await host.close();
  };

  it('of a feature that nobody has declared stop the boot, and name the nearest', async () => {
    @TenantRoute()
    @Controller('tenants/:tenantId')
    class Misspelt {
      @RequireFeature('guarded_report' as Feature)
      @Get()
      get(): void {}
    }
    await expect(boot(Misspelt)).rejects.toMatchObject({ code: 'BILLING_UNKNOWN_FEATURE', nearest: reports });
    // The control.
    await expect(boot(PlanController)).resolves.toBeUndefined();
  });

  it('that cannot hold stop the boot', async () => {
    @RequireTier(0)
    @TenantRoute()
    @Controller('tenants/:tenantId')
    class NoTier {}
    @Controller()
    class PublicAndPaid {
      @Public()
      @RequireSubscription()
      @TenantRoute()
      @Get()
      get(): void {}
    }
    @Controller()
    class PaidWithoutTenant {
      @RequireSubscription()
      @Get()
      get(): void {}
    }
    for (const controller of [NoTier, PublicAndPaid, PaidWithoutTenant]) {
      await expect(boot(controller)).rejects.toMatchObject({ code: 'ACCESS_INVALID_DECLARATION' });
    }
  });
});
