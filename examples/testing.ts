// A test of a service on the real module: a fresh database in memory, time and jobs in the hand of the test.
import assert from 'node:assert/strict';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';

const host = await createTestHost();
const user = await host.newUser({ email: 'ada@example.com' });
const tenant = await host.newTenant();

const membership = await host.run(() =>
  host.get(MembershipsService).grant({ userId: user.id, tenantId: tenant.id, role: 'admin' }),
);

assert.equal(membership.role, 'admin');
assert.deepEqual(membership.createdAt, host.clock.now());
console.log('ada is an admin');

await host.close();
