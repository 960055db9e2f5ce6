// Compiles, or the promise that it states is broken. Nothing here runs.
import { UsersService } from 'nestjs-host-database/users';
import type { SystemJob } from 'nestjs-host-database';
import { createTestHost, type FakeClock, type TestHost, type TestJobs } from 'nestjs-host-database/testing';
import { type Equal, expectType } from './expect-type.js';

expectType<Equal<ReturnType<typeof createTestHost>, Promise<TestHost>>>();
expectType<Equal<TestHost['clock'], FakeClock>>();
expectType<Equal<TestHost['jobs'], TestJobs>>();
expectType<Equal<ReturnType<TestJobs['runOne']>, Promise<SystemJob | undefined>>>();

export async function takesOptions(): Promise<void> {
  await createTestHost();
  await createTestHost({ database: 'postgresql', databaseUrl: 'postgresql://localhost/postgres' });
  await createTestHost({ options: { tenantDatabases: { entities: [] }, jobs: { heartbeatMs: 500 } }, providers: [UsersService] });
  // @ts-expect-error no such database
  await createTestHost({ database: 'mysql' });
  // @ts-expect-error the kit chooses the database
  await createTestHost({ options: { database: { type: 'sqlite' } } });
}

export async function givesWhatIsAskedFor(host: TestHost): Promise<void> {
  const users = host.get(UsersService);
  expectType<Equal<typeof users, UsersService>>();
  const user = await host.run(() => users.findByEmail('ada@example.com'));
  expectType<Equal<typeof user, Awaited<ReturnType<UsersService['findByEmail']>>>>();
  await host.newMembership({ role: 'admin' });
  // @ts-expect-error no such role
  await host.newMembership({ role: 'god' });
}

export async function knowsThePayloadsOfJobs({ jobs }: TestHost): Promise<void> {
  await jobs.drain({ types: ['tenants.provision-database'], limit: 1 });
  await jobs.enqueued();
  await jobs.expectEnqueued('tenants.provision-database');
  await jobs.expectEnqueued('tenants.provision-database', { payload: { tenantId: 'one' }, tenantId: null, count: 1 });
  // Some of its fields will do.
  await jobs.expectEnqueued('tenants.provision-database', { payload: {} });
  await jobs.expectEnqueued('type-tests.undeclared', { payload: [1, 'two'] });
  // @ts-expect-error the payload is of another type
  await jobs.expectEnqueued('tenants.provision-database', { payload: { tenantId: 1 } });
  // @ts-expect-error the payload has no such field
  await jobs.enqueued('tenants.provision-database', { payload: { tenant: 'one' } });
  // @ts-expect-error one job is run
  await jobs.runOne({ limit: 2 });
}
