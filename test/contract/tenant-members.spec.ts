import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, InvalidInputError, type TenantCatalog } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { ContextService, type HostContext } from 'nestjs-host-database';
import {
  ImpersonatedOwnerChangeError,
  InsufficientAuthorityError,
  LastOwnerError,
  MembershipNotFoundError,
  type MembershipRole,
  MembershipsService,
  type Permission,
  RolesService,
  TenantMembers,
  type TenantRole,
  TenantRoles,
} from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { ImpersonatedAccountChangeError, UsersService } from 'nestjs-host-database/users';

const permissions = {
  'projects.read': { role: 'member' },
  'projects.write': { role: 'admin' },
  'projects.erase': { role: 'owner' },
} as const;

/** This application has more permissions than those that the library declares. */
const named = (...names: string[]) => names as Permission[];

const ABOVE = { code: 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY', reason: 'above-own-authority' };
const MISSING = { code: 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY', reason: 'permission-missing' };
const STRANGER = { code: 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY', reason: 'not-a-member' };

describe.each(['sqlite', 'postgresql'] as const)(`${TenantMembers.name} on %s`, (database) => {
  let host: TestHost;
  let sut: TenantMembers;
  let roles: TenantRoles;
  let memberships: MembershipsService;
  let tenant: TenantCatalog;
  let owner: string;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { memberships: { permissions } } });
    [sut, roles, memberships] = [host.get(TenantMembers), host.get(TenantRoles), host.get(MembershipsService)];
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    tenant = await host.newTenant({ provisioned: false });
    owner = await member('owner');
  });

  const member = async (role: MembershipRole = 'member', customRole?: TenantRole): Promise<string> => {
    const { id } = await host.newUser();
    const customRoleId = customRole?.id ?? null;
    await host.run(() => memberships.grant({ userId: id, tenantId: tenant.id, role, customRoleId }));
    return id;
  };
  const customRole = (...names: readonly Permission[] | readonly string[]) =>
    host.run(() => host.get(RolesService).create({ tenantId: tenant.id, name: `Role ${genId()}`, permissions: named(...names) }));
  const as = <T>(actorUserId: string | undefined, work: () => Promise<T>, facts: HostContext = {}): Promise<T> =>
    host.get(ContextService).run({ ...(actorUserId && { actorUserId }), ...facts }, () => host.run(work));
  const of = (userId: string) => ({ userId, tenantId: tenant.id });
  const roleOf = async (userId: string) => (await host.run(() => memberships.find(of(userId))))?.role;
  const refusals = (targetId: string) =>
    host.run(async () =>
      (await host.get(AuditService).findByTarget(targetId)).filter(({ eventType }) => eventType === 'memberships.refused'),
    );

  describe('add', () => {
    it('adds whom the actor covers', async () => {
      const admin = await member('admin');
      for (const [actor, role] of [
        [owner, 'owner'],
        [owner, 'admin'],
        [admin, 'admin'],
        [admin, 'member'],
      ] as const) {
        const { id } = await host.newUser();
        expect(await as(actor, () => sut.add({ ...of(id), role }))).toMatchObject({ role, isActive: true });
      }
    });

    it('lets an admin make no owner, and nobody give a permission that they lack', async () => {
      const admin = await member('admin');
      const manager = await member('member', await customRole('members.manage', 'projects.read'));
      const erasing = await customRole('projects.erase');
      const { id } = await host.newUser();
      for (const [actor, grant, expected] of [
        [admin, { role: 'owner' }, ABOVE],
        [admin, { customRoleId: erasing.id }, ABOVE],
        [manager, { role: 'admin' }, ABOVE],
        // What every member may do includes members.read, which the manager may not.
        [manager, { role: 'member' }, ABOVE],
        [await member(), { role: 'member' }, MISSING],
        [await member('member', await customRole('projects.read')), { role: 'member' }, MISSING],
        [(await host.newUser()).id, { role: 'member' }, STRANGER],
        [undefined, { role: 'member' }, STRANGER],
      ] as const) {
        await expect(as(actor, () => sut.add({ ...of(id), ...grant }))).rejects.toMatchObject(expected);
      }
      expect(await roleOf(id)).toBeUndefined();
      // The controls: an owner may, and the manager may give what they have.
      const reading = await customRole('projects.read');
      expect(await as(manager, () => sut.add({ ...of(id), customRoleId: reading.id }))).toMatchObject({ isActive: true });
      const { id: another } = await host.newUser();
      await as(owner, () => sut.add({ ...of(another), customRoleId: erasing.id }));
    });

    it('asks an unknown tenant no differently from one that the actor is not in', async () => {
      const { id } = await host.newUser();
      const stranger = (await host.newUser()).id;
      const tenantId = genId();
      await expect(as(stranger, () => sut.add({ userId: id, tenantId }))).rejects.toMatchObject(STRANGER);
      const [refusal] = await refusals(id);
      expect(refusal).toMatchObject({ tenantId: null, outcome: 'denied' });
    });

    it('takes a deactivated admin for nobody', async () => {
      const admin = await member('admin');
      const { id } = await host.newUser();
      await host.run(() => host.get(UsersService).deactivate(admin));
      await expect(as(admin, () => sut.add(of(id)))).rejects.toMatchObject(STRANGER);
      await host.run(() => host.get(UsersService).reactivate(admin));
      await as(admin, () => sut.add(of(id)));
    });
  });

  describe('changeRole', () => {
    it('changes those whom the actor covers, to what the actor covers', async () => {
      const [admin, other] = [await member('admin'), await member()];
      await as(admin, () => sut.changeRole({ ...of(other), role: 'admin' }));
      await as(admin, () => sut.changeRole({ ...of(other), role: 'member' }));
      await as(owner, () => sut.changeRole({ ...of(other), role: 'owner' }));
      // Owners are peers.
      await as(other, () => sut.changeRole({ ...of(owner), role: 'member' }));
      expect([await roleOf(owner), await roleOf(other)]).toEqual(['member', 'owner']);
    });

    it('lets nobody touch, or become, what is above themselves', async () => {
      const [admin, other] = [await member('admin'), await member()];
      const eraser = await member('member', await customRole('projects.erase'));
      const managing = await customRole('members.manage', 'members.read', 'projects.read');
      const manager = await member('member', managing);
      for (const [actor, target, role] of [
        [admin, owner, 'member'],
        [admin, admin, 'owner'],
        [admin, other, 'owner'],
        [admin, eraser, 'member'],
        [manager, manager, 'admin'],
        [manager, admin, 'member'],
      ] as const) {
        await expect(as(actor, () => sut.changeRole({ ...of(target), role }))).rejects.toMatchObject(ABOVE);
      }
      await expect(as(other, () => sut.changeRole({ ...of(other), role: 'admin' }))).rejects.toMatchObject(MISSING);
      expect(await Promise.all([owner, admin, other, eraser].map(roleOf))).toEqual(['owner', 'admin', 'member', 'member']);
      // The control: what they cover they may change.
      await as(manager, () => sut.changeRole({ ...of(other), role: 'member', customRoleId: managing.id }));
    });
  });

  describe('remove and leave', () => {
    it('remove those whom the actor covers, and oneself', async () => {
      const [admin, other, second] = [await member('admin'), await member(), await member('owner')];
      await expect(as(admin, () => sut.remove(of(second)))).rejects.toMatchObject(ABOVE);
      await expect(as(other, () => sut.remove(of(admin)))).rejects.toMatchObject(MISSING);
      await as(admin, () => sut.remove(of(other)));
      await as(second, () => sut.leave(tenant.id));
      await as(admin, () => sut.leave(tenant.id));
      expect(await host.run(() => memberships.findByTenant(tenant.id))).toHaveLength(1);
    });

    it('leave no tenant without an owner, and that is recorded', async () => {
      await expect(as(owner, () => sut.leave(tenant.id))).rejects.toBeInstanceOf(LastOwnerError);
      await expect(as(owner, () => sut.remove(of(owner)))).rejects.toBeInstanceOf(LastOwnerError);
      const [refusal] = await refusals(owner);
      expect(refusal).toMatchObject({
        tenantId: tenant.id,
        actorUserId: owner,
        targetType: 'user',
        outcome: 'denied',
        details: { action: 'remove-member', reason: 'MEMBERSHIPS_LAST_OWNER' },
      });
    });
  });

  describe('transferOwnership', () => {
    it('makes a member the owner, and the owner an admin', async () => {
      const other = await member();
      expect(await as(owner, () => sut.transferOwnership({ tenantId: tenant.id, toUserId: other }))).toMatchObject({
        role: 'owner',
      });
      expect([await roleOf(owner), await roleOf(other)]).toEqual(['admin', 'owner']);
      const rows = await host.run(() => host.get(AuditService).findByTarget(other));
      const row = rows.find(({ eventType }) => eventType === 'memberships.ownership-transferred');
      expect(row).toMatchObject({ actorUserId: owner, tenantId: tenant.id, details: { from: owner, becomes: 'admin' } });
    });

    it('is of an owner, to another member, or nothing of it happens', async () => {
      const [admin, other] = [await member('admin'), await member('member', await customRole('tenant.transfer'))];
      const to = (toUserId: string) => () => sut.transferOwnership({ tenantId: tenant.id, toUserId });
      await expect(as(admin, to(other))).rejects.toMatchObject(MISSING);
      // The permission alone makes nobody an owner who could give something away.
      await expect(as(other, to(admin))).rejects.toMatchObject(ABOVE);
      await expect(as(owner, to(owner))).rejects.toBeInstanceOf(InvalidInputError);
      const stranger = (await host.newUser()).id;
      await expect(as(owner, to(stranger))).rejects.toBeInstanceOf(MembershipNotFoundError);
      const gone = await member();
      await host.run(() => host.get(UsersService).deactivate(gone));
      await expect(as(owner, to(gone))).rejects.toMatchObject({ code: 'USERS_DEACTIVATED' });
      expect([await roleOf(owner), await roleOf(admin), await roleOf(gone)]).toEqual(['owner', 'admin', 'member']);
    });
  });

  describe('somebody who acts as another person', () => {
    const impersonated = () => ({ impersonatorUserId: genId() });

    it('changes no owners in any way', async () => {
      const [other, second] = [await member(), await member('owner')];
      for (const [work, refusal] of [
        [() => sut.transferOwnership({ tenantId: tenant.id, toUserId: other }), ImpersonatedOwnerChangeError],
        [() => sut.changeRole({ ...of(other), role: 'owner' }), ImpersonatedOwnerChangeError],
        [() => sut.changeRole({ ...of(second), role: 'member' }), ImpersonatedOwnerChangeError],
        [() => sut.changeRole({ ...of(second), role: 'admin' }), ImpersonatedOwnerChangeError],
        [() => sut.remove(of(second)), ImpersonatedOwnerChangeError],
        [() => sut.leave(tenant.id), ImpersonatedOwnerChangeError],
        [async () => sut.add({ ...of((await host.newUser()).id), role: 'owner' }), ImpersonatedOwnerChangeError],
        [() => host.get(UsersService).deactivate(second), ImpersonatedAccountChangeError],
        [() => host.get(UsersService).delete(second), ImpersonatedAccountChangeError],
      ] as const) {
        await expect(as<unknown>(owner, work, impersonated())).rejects.toBeInstanceOf(refusal);
      }
      expect(await Promise.all([owner, second, other].map(roleOf))).toEqual(['owner', 'owner', 'member']);
      const [refusal] = await refusals(other);
      expect(refusal?.details).toMatchObject({ reason: 'MEMBERSHIPS_IMPERSONATED_OWNER_CHANGE' });
    });

    it('makes nobody an admin, which would outlast it', async () => {
      const other = await member();
      const promote = () => sut.changeRole({ ...of(other), role: 'admin' });
      await expect(as(owner, promote, impersonated())).rejects.toMatchObject({ change: 'make-admin', userId: other });
      const add = async () => sut.add({ ...of((await host.newUser()).id), role: 'admin' });
      await expect(as<unknown>(owner, add, impersonated())).rejects.toBeInstanceOf(ImpersonatedAccountChangeError);
      expect(await roleOf(other)).toBe('member');
      // The control: as themselves they do.
      await as(owner, promote);
      expect(await roleOf(other)).toBe('admin');
    });

    it('does it in the tenant of the context alone', async () => {
      const other = await member('admin');
      const demote = (tenantId: string) =>
        as(owner, () => sut.changeRole({ ...of(other), role: 'member' }), { ...impersonated(), tenantId });
      await expect(demote(genId())).rejects.toMatchObject(STRANGER);
      expect(await roleOf(other)).toBe('admin');
      await demote(tenant.id);
      expect(await roleOf(other)).toBe('member');
    });

    it('does what else the person may', async () => {
      const other = await member('admin');
      await as(owner, () => sut.changeRole({ ...of(other), role: 'member' }), impersonated());
      expect(await roleOf(other)).toBe('member');
    });
  });

  describe('roles', () => {
    it('are made, changed and removed by who covers them', async () => {
      const admin = await member('admin');
      const role = await as(admin, () =>
        roles.create({ tenantId: tenant.id, name: 'Writer', permissions: named('projects.write') }),
      );
      const key = { tenantId: tenant.id, roleId: role.id };
      await as(admin, () => roles.update(key, { permissions: named('projects.read') }));
      await as(admin, () => roles.remove(key));
      expect(await host.run(() => host.get(RolesService).list(tenant.id))).toEqual([]);
    });

    it('hold nothing that who makes or changes them lacks', async () => {
      const admin = await member('admin');
      const own = await customRole('roles.manage', 'projects.read');
      const keeper = await member('member', own);
      const erasing = await customRole('projects.erase');
      const [ownKey, erasingKey] = [own, erasing].map(({ id }) => ({ tenantId: tenant.id, roleId: id })) as [never, never];
      const create = (...names: string[]) =>
        roles.create({ tenantId: tenant.id, name: `Role ${genId()}`, permissions: named(...names) });
      for (const [actor, work, expected] of [
        [admin, () => create('projects.erase'), ABOVE],
        [admin, () => roles.update(erasingKey, { name: 'Mine' }), ABOVE],
        [admin, () => roles.remove(erasingKey), ABOVE],
        [keeper, () => create('members.manage'), ABOVE],
        [keeper, () => roles.update(ownKey, { permissions: ['roles.manage', 'members.manage'] }), ABOVE],
        [await member(), () => create('projects.read'), MISSING],
      ] as const) {
        await expect(as<unknown>(actor, work)).rejects.toMatchObject(expected);
      }
      const [refusal] = await refusals(erasing.id);
      expect(refusal).toMatchObject({ targetType: 'role', details: { action: 'remove-role', cause: 'above-own-authority' } });
      // The control: less, or as much, they may.
      await as(keeper, () => create('projects.read'));
      await as(keeper, () => roles.update(ownKey, { name: 'Keeper' }));
    });
  });

  it('goes by what the actor may do when it is their turn', async () => {
    const admin = await member('admin');
    const { id } = await host.newUser();
    // The admin's request waits for the tenant while the owner demotes them.
    let late: Promise<unknown> = Promise.resolve();
    await as(owner, () =>
      host.hostDatabase.transactional(async () => {
        await sut.changeRole({ ...of(admin), role: 'member' });
        late = as(admin, () => sut.add(of(id))).catch((error: unknown) => error);
      }),
    );
    expect(await late).toBeInstanceOf(InsufficientAuthorityError);
    expect(await roleOf(id)).toBeUndefined();
  });

  it('records a refusal that the transaction of the caller does not outlive', async () => {
    const other = await member();
    const failing = as(other, () => host.hostDatabase.transactional(() => sut.remove(of(owner))));
    await expect(failing).rejects.toBeInstanceOf(InsufficientAuthorityError);
    const rows = await refusals(owner);
    expect(rows.map(({ actorUserId, details }) => [actorUserId, details])).toEqual([
      [other, { action: 'remove-member', reason: 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY', cause: 'permission-missing' }],
    ]);
  });
});
