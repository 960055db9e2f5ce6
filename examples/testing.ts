// A test of a service on the real module: a fresh database in memory, time and jobs in the hand of the test.
import assert from 'node:assert/strict';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';
import { PROVISION_TENANT_JOB, TenantsService } from 'nestjs-host-database/tenants';

const host = await createTestHost();
const user = await host.newUser({ email: 'ada@example.com' });
const tenant = await host.newTenant();

const membership = await host.run(() =>
  host.get(MembershipsService).grant({ userId: user.id, tenantId: tenant.id, role: 'admin' }),
);

assert.equal(membership.role, 'admin');
assert.deepEqual(membership.createdAt, host.clock.now());
console.log('ada is an admin');

// What was enqueued can be asserted, and runs when the test says so.
const another = await host.run(() => host.get(TenantsService).create({ name: 'Globex' }));
await host.jobs.expectEnqueued(PROVISION_TENANT_JOB, { payload: { tenantId: another.id }, count: 1 });
await host.jobs.drain();
console.log(`Globex is ${(await host.run(() => host.get(TenantsService).getById(another.id))).status}`);

await host.close();
