// Compiles, or the promise that it states is broken. Nothing here runs.
import { UsersService } from 'nestjs-host-database/users';
import { createTestHost, type FakeClock, type TestHost } from 'nestjs-host-database/testing';
import { type Equal, expectType } from './expect-type.js';

expectType<Equal<ReturnType<typeof createTestHost>, Promise<TestHost>>>();
expectType<Equal<TestHost['clock'], FakeClock>>();

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
