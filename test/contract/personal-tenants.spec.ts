import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId, InvalidInputError } from 'nestjs-host-database';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { UserIdentities, UsersService } from 'nestjs-host-database/users';

const UNNAMEABLE = 'nameless@example.com';

describe.each(['sqlite', 'postgresql'] as const)('The personal tenant on %s', (database) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      options: {
        access: {
          signIn: {
            personalTenant: { name: ({ email }) => (email === UNNAMEABLE ? '' : `Workspace of ${email}`), planTier: 'starter' },
          },
        },
      },
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const newIdentity = (email = `${genId()}@example.com`) => ({
    provider: 'https://issuer.example',
    subject: genId(),
    email,
    emailVerified: true,
  });
  const signIn = (identity: ReturnType<typeof newIdentity>) => host.run(() => host.get(UserIdentities).signIn(identity));
  const tenantsOf = (userId: string) =>
    host.run(async () =>
      (await host.get(MembershipsService).findByUser(userId)).map(({ role, tenant }) => [role, tenant.unwrap()]),
    );
  const countTenants = () => host.run(() => host.hostDatabase.tenantCatalogs.count());

  it('is there with the first sign-in, and is the only one', async () => {
    const identity = newIdentity();
    const { user } = await signIn(identity);
    await signIn(identity);
    const tenant = { name: `Workspace of ${identity.email}`, planTier: 'starter', status: 'provisioning' };
    expect(await tenantsOf(user.id)).toMatchObject([['owner', tenant]]);
  });

  it('is there by whichever way a person is registered', async () => {
    const { id } = await host.run(() => host.get(UsersService).create({ email: `${genId()}@example.com` }));
    expect(await tenantsOf(id)).toHaveLength(1);
  });

  it('is one for simultaneous first sign-ins', async () => {
    const identity = newIdentity();
    const before = await countTenants();
    const results = await Promise.all(Array.from({ length: 8 }, () => signIn(identity)));
    expect(new Set(results.map(({ user }) => user.id)).size).toBe(1);
    expect(await countTenants()).toBe(before + 1);
    expect(await tenantsOf(results[0]!.user.id)).toHaveLength(1);
  });

  it('is there with its person, or neither is', async () => {
    const before = await countTenants();
    await expect(signIn(newIdentity(UNNAMEABLE))).rejects.toBeInstanceOf(InvalidInputError);
    expect(await host.run(() => host.get(UsersService).findByEmail(UNNAMEABLE))).toBeNull();
    expect(await countTenants()).toBe(before);
  });

  it('can be entered once it is provisioned', async () => {
    const { user } = await signIn(newIdentity());
    await host.runJobs();
    expect(await tenantsOf(user.id)).toMatchObject([['owner', { status: 'active' }]]);
  });
});
