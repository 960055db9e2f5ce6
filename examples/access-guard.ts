// Routes that say whom they are for: a guard for all of them, the tenant in the path, and a permission.
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Get, Post } from '@nestjs/common';
import { HostDatabaseError } from 'nestjs-host-database';
import {
  AccessGuardModule,
  CurrentMembership,
  CurrentTenant,
  type MembershipGrant,
  Public,
  RequirePermission,
  SessionsService,
  TenantRoute,
} from 'nestjs-host-database/access';
import { definePermissions, type InferPermissions } from 'nestjs-host-database/memberships';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { createTestHost } from 'nestjs-host-database/testing';

const permissions = definePermissions({ 'reports.read': { role: 'member' }, 'reports.publish': { role: 'admin' } });

declare module 'nestjs-host-database/memberships' {
  interface PermissionTypes extends InferPermissions<typeof permissions> {}
}

@TenantRoute()
@Controller('tenants/:tenantId/reports')
class ReportsController {
  @Get()
  @RequirePermission('reports.read')
  list(@CurrentTenant() { name }: TenantRecord, @CurrentMembership() { role }: MembershipGrant): { seen: string } {
    return { seen: `reports of ${name} as ${role}` };
  }

  @Post()
  @RequirePermission('reports.publish')
  publish(): { published: true } {
    return { published: true };
  }
}

@Public()
@Controller('prices')
class PricesController {
  @Get()
  list(): { pro: number } {
    return { pro: 20 };
  }
}

/** The library knows no statuses: an application gives each code its own. */
@Catch(HostDatabaseError)
class CodeFilter implements ExceptionFilter<HostDatabaseError & { readonly code: string }> {
  catch({ code }: { readonly code: string }, context: ArgumentsHost): void {
    const response = context.switchToHttp().getResponse<ServerResponse>();
    response.statusCode = code === 'ACCESS_NOT_AUTHENTICATED' ? 401 : 403;
    response.end(JSON.stringify({ code }));
  }
}

const host = await createTestHost({
  options: { memberships: { permissions } },
  imports: [AccessGuardModule],
  controllers: [ReportsController, PricesController],
  http: (module) => module.createNestApplication().useGlobalFilters(new CodeFilter()),
});
await host.app.listen(0, '127.0.0.1');
const url = `http://127.0.0.1:${(host.app.getHttpServer().address() as AddressInfo).port}`;

const tenant = await host.newTenant({ name: 'Acme' });
const { user } = await host.newMembership({ tenantId: tenant.id });
const stranger = await host.newUser();
const bearerOf = async (userId: string) =>
  (await host.run(() => host.get(SessionsService).open({ userId, transport: 'bearer' }))).token;

async function ask(method: string, path: string, token?: string): Promise<void> {
  const response = await fetch(`${url}/${path}`, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });
  console.log(`${response.status} ${await response.text()}`);
}

const [member, other] = [await bearerOf(user.id), await bearerOf(stranger.id)];
await ask('GET', 'prices');
await ask('GET', `tenants/${tenant.id}/reports`);
await ask('GET', `tenants/${tenant.id}/reports`, member);
await ask('POST', `tenants/${tenant.id}/reports`, member);
await ask('GET', `tenants/${tenant.id}/reports`, other);
await host.close();
