import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ContextService, HostDatabase } from 'nestjs-host-database';
import {
  AccessGuard,
  Authenticator,
  Authenticators,
  RequireFeature,
  RequireSubscription,
  RequireTier,
  TenantRoute,
} from 'nestjs-host-database/access';
import { defineFeatures, PlansService, SubscriptionsService } from 'nestjs-host-database/billing';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { startModule } from '../sides.mjs';
import { provision } from '../tenants/provision.mjs';

const features = defineFeatures({ reports: {} });

/** Believes a header that names a user: what a credential costs is another scenario's. */
class HeaderAuthenticator extends Authenticator {
  async authenticate({ headers }) {
    return { userId: headers['x-user'] };
  }
}

class Routes {
  paid() {}

  plain() {}
}
decorate('plain', [TenantRoute()]);
decorate('paid', [TenantRoute(), RequireSubscription(), RequireFeature('reports'), RequireTier(2)]);

function decorate(name, decorators) {
  const route = Object.getOwnPropertyDescriptor(Routes.prototype, name);
  for (const decorator of decorators) decorator(Routes.prototype, name, route);
}

/**
 * An application with two tenants, of which one has paid, and a member of both.
 *
 * @typedef {object} GuardedRoutes
 * @property {(route: 'paid' | 'plain', who: 'paying' | 'other') => Promise<boolean>} enter has the guard let a request in, in a context of its own
 * @property {() => Promise<void>} close
 *
 * @returns {Promise<GuardedRoutes>}
 */
export async function openGuardedRoutes(database, { mikroOrm } = {}) {
  const host = { ...database.host, ...(mikroOrm && { mikroOrm }) };
  const application = await startModule({ ...database, host }, {}, { billing: { features } });
  application.get(Authenticators).add(new HeaderAuthenticator());
  const [paying, other] = await provision(application, database, 2);
  const hostDatabase = application.get(HostDatabase);
  const userId = await hostDatabase.run(async () => {
    const { id } = await application.get(UsersService).create({ email: `${paying.id}@example.com` });
    for (const tenant of [paying, other]) await application.get(MembershipsService).grant({ userId: id, tenantId: tenant.id });
    await application.get(PlansService).upsert('pro', { name: 'Pro', features: ['reports'], tierLevel: 2 });
    await application.get(SubscriptionsService).upsert(paying.id, { planTier: 'pro', status: 'active' });
    return id;
  });
  const guard = application.get(AccessGuard);
  const context = application.get(ContextService);
  const tenants = { paying, other };
  return {
    enter(route, who) {
      const request = { headers: { 'x-user': userId }, params: { tenantId: tenants[who].id }, method: 'GET' };
      const execution = new ExecutionContextHost([request, {}], Routes, Routes.prototype[route]);
      // As the middleware does it for each request.
      return context.run({ requestId: 'bench' }, () => hostDatabase.run(() => guard.canActivate(execution)));
    },
    close: () => application.close(),
  };
}
