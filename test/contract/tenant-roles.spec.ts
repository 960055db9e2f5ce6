import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, InvalidInputError, TenantCatalog } from 'nestjs-host-database';
import {
  DuplicateRoleNameError,
  Invitation,
  type Membership,
  type MembershipChanged,
  MembershipEvents,
  MembershipNotFoundError,
  MembershipsService,
  type Permission,
  RoleInUseError,
  RoleLimitReachedError,
  RoleNotFoundError,
  ROLES_PER_TENANT,
  RolesService,
  TenantRole,
  UnknownPermissionError,
} from 'nestjs-host-database/memberships';
import { TenantNotFoundError } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const READ: Permission[] = ['members.read'];

describe.each(['sqlite', 'postgresql'] as const)(`${RolesService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: RolesService;
  let memberships: MembershipsService;
  let tenant: TenantCatalog;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      options: { memberships: { permissions: { 'projects.read': { role: 'member' }, 'projects.write': { role: 'admin' } } } },
    });
    sut = host.get(RolesService);
    memberships = host.get(MembershipsService);
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    tenant = await host.newTenant({ provisioned: false });
  });

  const create = (name = 'Editor', permissions: readonly string[] = READ) =>
    host.run(() => sut.create({ tenantId: tenant.id, name, permissions: permissions as Permission[] }));
  const update = (role: TenantRole, changes: object) =>
    host.run(() => sut.update({ tenantId: tenant.id, roleId: role.id }, changes));
  const remove = (role: Pick<TenantRole, 'id'>) => host.run(() => sut.remove({ tenantId: tenant.id, roleId: role.id }));
  const names = async () => (await host.run(() => sut.list(tenant.id))).map(({ name }) => name);
  const grant = async (facts: { role?: 'admin' | 'member' | 'owner'; customRoleId?: string } = {}) => {
    const user = await host.newUser();
    return host.run(() => memberships.grant({ userId: user.id, tenantId: tenant.id, ...facts }));
  };
  const permissionsOf = async (membership: Membership) =>
    host.run(async () => {
      const found = await memberships.getActive({ userId: membership.user.id, tenantId: tenant.id });
      return [...(await sut.authorityOf(found)).permissions].toSorted();
    });
  const invite = (role: TenantRole, facts: object = {}) =>
    host.run(async () => {
      const { em } = host.hostDatabase;
      em.create(Invitation, {
        tenant: em.getReference(TenantCatalog, tenant.id),
        email: `${genId()}@example.com`,
        role: 'member',
        customRole: em.getReference(TenantRole, role.id),
        tokenHash: genId(),
        invitedBy: genId(),
        expiresAt: host.clock.now(),
        sentAt: host.clock.now(),
        ...facts,
      });
      await em.flush();
    });

  it('makes roles out of permissions, which it keeps sorted, and lists them by name', async () => {
    expect(await create('Writer', ['projects.write', 'members.read', 'projects.write'])).toMatchObject({
      name: 'Writer',
      permissions: ['members.read', 'projects.write'],
      createdAt: host.clock.now(),
    });
    await create('Auditor');
    expect(await names()).toEqual(['Auditor', 'Writer']);
  });

  it.each([
    ['a permission that there is not', { permissions: ['projects.reed'] }, UnknownPermissionError],
    ['a name without a letter', { name: '  ' }, InvalidInputError],
    ['a name that every tenant has', { name: 'Owner' }, InvalidInputError],
    ['a name that is too long', { name: 'x'.repeat(64) }, InvalidInputError],
    ['a tenant that does not exist', { tenantId: genId() }, TenantNotFoundError],
  ])('refuses %s', async (_, facts, error) => {
    const given = { tenantId: tenant.id, name: 'Editor', permissions: READ, ...facts } as never;
    await expect(host.run(() => sut.create(given))).rejects.toBeInstanceOf(error);
    expect(await names()).toEqual([]);
  });

  it('makes one role of a name, of simultaneous ones too, and the same name in another tenant', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => create()));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(reasons).toHaveLength(3);
    expect(reasons.every((reason) => reason instanceof DuplicateRoleNameError)).toBe(true);
    const other = await host.newTenant({ provisioned: false });
    await host.run(() => sut.create({ tenantId: other.id, name: 'Editor', permissions: READ }));
    expect(await names()).toEqual(['Editor']);
  });

  it('renames and changes, and not to a name that is taken', async () => {
    const [editor] = [await create(), await create('Writer')];
    host.clock.advance(1_000);
    expect(await update(editor, { name: 'Chief', permissions: ['projects.write'] })).toMatchObject({
      name: 'Chief',
      permissions: ['projects.write'],
      updatedAt: host.clock.now(),
    });
    await expect(update(editor, { name: 'Writer' })).rejects.toBeInstanceOf(DuplicateRoleNameError);
    await expect(update(editor, { permissions: ['projects.wrte'] })).rejects.toMatchObject({ nearest: 'projects.write' });
    expect(await names()).toEqual(['Chief', 'Writer']);
  });

  it(`makes at most ${ROLES_PER_TENANT}, of simultaneous ones too`, async () => {
    await host.run(async () => {
      const { em } = host.hostDatabase;
      const of = em.getReference(TenantCatalog, tenant.id);
      const facts = { permissions: READ, createdAt: host.clock.now(), updatedAt: host.clock.now() };
      for (let n = 1; n < ROLES_PER_TENANT; n++) em.create(TenantRole, { ...facts, tenant: of, name: `Role ${n}` });
      await em.flush();
    });
    const outcomes = await Promise.allSettled(['A', 'B', 'C'].map((name) => create(name)));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(reasons.map((reason) => reason instanceof RoleLimitReachedError)).toEqual([true, true]);
    expect(await names()).toHaveLength(ROLES_PER_TENANT);
  });

  describe('what a member may do', () => {
    it('is what the role says: a role of the tenant instead of what every member may', async () => {
      const role = await create('Writer', ['projects.write']);
      expect(await permissionsOf(await grant())).toEqual(['members.read', 'projects.read']);
      expect(await permissionsOf(await grant({ customRoleId: role.id }))).toEqual(['projects.write']);
      expect(await permissionsOf(await grant({ role: 'admin' }))).toEqual(
        expect.arrayContaining(['members.manage', 'projects.read', 'projects.write', 'roles.manage']),
      );
      expect(await permissionsOf(await grant({ role: 'owner' }))).toContain('tenant.transfer');
    });

    it('changes with the role, for all who have it', async () => {
      const role = await create('Writer', ['projects.write']);
      const member = await grant({ customRoleId: role.id });
      await update(role, { permissions: ['projects.read'] });
      expect(await permissionsOf(member)).toEqual(['projects.read']);
    });

    it('is nothing that the application declares no more', async () => {
      const role = await create('Writer', ['projects.write']);
      const member = await grant({ customRoleId: role.id });
      await host.run(async () => {
        const stored = await host.hostDatabase.em.findOneOrFail(TenantRole, { id: role.id });
        stored.permissions = ['projects.write', 'reports.write'];
      });
      expect(await permissionsOf(member)).toEqual(['projects.write']);
    });

    it('is nothing once the membership has ended', async () => {
      const member = await grant();
      const key = { userId: member.user.id, tenantId: tenant.id };
      await host.run(() => memberships.end(key));
      const ended = host.run(async () => sut.authorityOf((await memberships.find(key)) as Membership));
      await expect(ended).rejects.toBeInstanceOf(MembershipNotFoundError);
    });

    it('can be told of a role before anybody has it', async () => {
      const role = await create('Writer', ['projects.write']);
      const told = await host.run(() => sut.authorityOfRole(tenant.id, { role: 'member', customRoleId: role.id }));
      expect([told.role, ...told.permissions]).toEqual(['member', 'projects.write']);
    });
  });

  it.each(['admin', 'owner'] as const)('gives no role of the tenant to an %s', async (base) => {
    const role = await create();
    await expect(grant({ role: base, customRoleId: role.id })).rejects.toBeInstanceOf(InvalidInputError);
  });

  it('gives no role of another tenant, nor tells, changes or removes one', async () => {
    const role = await create();
    const other = await host.newTenant({ provisioned: false });
    const key = { tenantId: other.id, roleId: role.id };
    const user = await host.newUser();
    const theirs = { userId: user.id, tenantId: other.id, customRoleId: role.id };
    for (const refused of [
      () => memberships.grant(theirs),
      () => sut.authorityOfRole(other.id, { role: 'member', customRoleId: role.id }),
      () => sut.get(key),
      () => sut.update(key, { name: 'Mine' }),
      () => sut.remove(key),
    ]) {
      await expect(host.run<unknown>(refused)).rejects.toBeInstanceOf(RoleNotFoundError);
    }
    expect(await names()).toEqual(['Editor']);
  });

  describe('remove', () => {
    it('removes a role that nobody has', async () => {
      await remove(await create());
      expect(await names()).toEqual([]);
      await expect(remove({ id: genId() })).rejects.toBeInstanceOf(RoleNotFoundError);
    });

    it('refuses while a member has it, and no more once they have left', async () => {
      const role = await create();
      const member = await grant({ customRoleId: role.id });
      await expect(remove(role)).rejects.toBeInstanceOf(RoleInUseError);
      await host.run(() => memberships.end({ userId: member.user.id, tenantId: tenant.id }));
      await remove(role);
      expect(await names()).toEqual([]);
    });

    it('refuses while an invitation to it is open, and no more once that is closed', async () => {
      const role = await create();
      await invite(role, { acceptedAt: host.clock.now() });
      await invite(role, { declinedAt: host.clock.now() });
      await invite(role);
      await expect(remove(role)).rejects.toBeInstanceOf(RoleInUseError);
      await host.run(async () => {
        for (const open of await host.hostDatabase.em.find(Invitation, {
          tenant: tenant.id,
          acceptedAt: null,
          declinedAt: null,
        })) {
          open.revokedAt = host.clock.now();
        }
      });
      await remove(role);
      expect(await names()).toEqual([]);
    });

    it('and a grant of the role at the same time do not both succeed', async () => {
      for (let round = 0; round < 5; round++) {
        const role = await create(`Role ${round}`);
        const [granted, removed] = await Promise.allSettled([grant({ customRoleId: role.id }), remove(role)]);
        expect([granted.status, removed.status].toSorted()).toEqual(['fulfilled', 'rejected']);
        const reason: unknown = granted.status === 'rejected' ? granted.reason : removed.status === 'rejected' && removed.reason;
        expect(reason).toBeInstanceOf(granted.status === 'rejected' ? RoleNotFoundError : RoleInUseError);
      }
    });
  });

  it('tells of what has changed, after the commit', async () => {
    const told: MembershipChanged[] = [];
    const end = host.get(MembershipEvents).onChanged((event) => void told.push(event));
    const role = await create();
    await host.run(() =>
      host.hostDatabase.transactional(async () => {
        await sut.update({ tenantId: tenant.id, roleId: role.id }, { name: 'Chief' });
        expect(told).toEqual([]);
      }),
    );
    expect(told).toEqual([{ tenantId: tenant.id }]);
    const lost = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await sut.update({ tenantId: tenant.id, roleId: role.id }, { name: 'Lost' });
        throw new Error('on purpose');
      }),
    );
    await expect(lost).rejects.toThrow('on purpose');
    end();
    expect(told).toHaveLength(1);
  });
});
