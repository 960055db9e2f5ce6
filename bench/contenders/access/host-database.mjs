import 'reflect-metadata';
import { Catch } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HostDatabase, HostDatabaseError, HostDatabaseModule } from 'nestjs-host-database';
import {
  AccessGuardModule,
  NotAuthenticatedError,
  RequirePermission,
  SessionsService,
  TenantRoute,
  TenantScoped,
} from 'nestjs-host-database/access';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { answer } from '../../support/answer.mjs';
import { serve, wayIn } from '../../support/access/serve.mjs';
import { provision } from '../../support/tenants/provision.mjs';

/** An application says itself with which status it refuses. */
class Refusals {
  catch(error, host) {
    const status = error instanceof NotAuthenticatedError ? 401 : 403;
    host.switchToHttp().getResponse().status(status).json({ code: error.code });
  }
}
Catch(HostDatabaseError)(Refusals);

/**
 * This library: a session of its own as a bearer, the membership in the tenant of the path, and a permission there. With
 * `inTenantDatabase` the route runs in the tenant's own database as well.
 */
answer({
  async open({ connection: { host }, configuration: { inTenantDatabase = false } = {} }) {
    const { application, port } = await serve({
      imports: [
        HostDatabaseModule.forRoot({ database: host, jobs: { worker: false }, access: { sessions: {} } }),
        AccessGuardModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: Refusals }],
      decorators: [inTenantDatabase ? TenantScoped() : TenantRoute(), RequirePermission('members.manage')],
    });
    const tenantIds = [];
    const [{ id: tenantId }] = await provision(application, { tenantIds }, 1);
    const headersOf = async (name) => ({ authorization: `Bearer ${await signIn(application, tenantId, name)}` });
    return { ...(await wayIn({ port, tenantId, headersOf })), tenantIds };
  },
});

async function signIn(application, tenantId, name) {
  return application.get(HostDatabase).run(async () => {
    const { id: userId } = await application.get(UsersService).create({ email: `${name}@example.com` });
    if (name !== 'stranger') await application.get(MembershipsService).grant({ userId, tenantId, role: name });
    const { token } = await application.get(SessionsService).open({ userId, transport: 'bearer' });
    return token;
  });
}
