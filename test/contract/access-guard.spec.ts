import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, type Type } from '@nestjs/common';
import { ContextService, genId } from 'nestjs-host-database';
import {
  AccessGuard,
  AccessGuardModule,
  CurrentMembership,
  CurrentTenant,
  CurrentUser,
  type MembershipGrant,
  Public,
  RequirePermission,
  RequireRole,
  type ActingUser,
  SystemAdmin,
  TenantRoute,
  TenantScoped,
} from 'nestjs-host-database/access';
import {
  definePermissions,
  type InferPermissions,
  MembershipsService,
  type Permission,
  RolesService,
} from 'nestjs-host-database/memberships';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { accessHttp, HeaderAuthentication } from '../support/access-app.js';
import { SqlConversation } from '../support/sql-conversation.js';
import { until } from '../support/until.js';

const permissions = definePermissions({ 'notes.read': { role: 'member' }, 'notes.publish': { role: 'admin' } });
declare module 'nestjs-host-database/memberships' {
  interface PermissionTypes extends InferPermissions<typeof permissions> {}
}

@Controller()
class MixedController {
  constructor(private readonly context: ContextService) {}

  @Get('undeclared')
  undeclared(@CurrentUser() user: ActingUser): unknown {
    return { user, tenantId: this.context.current.tenantId ?? null };
  }

  @Public()
  @Get('public')
  everybody(): unknown {
    return { actor: this.context.current.actorUserId ?? null };
  }

  @SystemAdmin()
  @Get('system')
  system(@CurrentUser() { id }: ActingUser): unknown {
    return { id };
  }

  @Public()
  @Get('nobody')
  nobody(@CurrentUser() user: ActingUser): unknown {
    return { user };
  }
}

@RequireRole('admin')
@TenantRoute()
@Controller('tenants/:tenantId')
class TenantController {
  @Get('admin')
  admin(@CurrentMembership() membership: MembershipGrant): unknown {
    return { role: membership.role };
  }

  @RequireRole('member')
  @Get('member')
  member(@CurrentMembership() { role, userId, tenantId }: MembershipGrant, @CurrentTenant() tenant: TenantRecord): unknown {
    return { role, userId, tenantId, name: tenant.name };
  }

  @RequireRole('member')
  @RequirePermission('notes.publish')
  @Get('publish')
  publish(): unknown {
    return { published: true };
  }

  @RequirePermission('notes.read')
  @Get('both')
  both(): unknown {
    return { both: true };
  }
}

@TenantScoped()
@Controller('scoped/:tenantId')
class ScopedController {
  constructor(private readonly tenantDatabases: TenantDatabases) {}

  @Get()
  bound(@Param('tenantId') named: string): unknown {
    return { named, bound: this.tenantDatabases.currentTenantId };
  }
}

@Public()
@Controller('open')
class OpenController {
  @Get()
  open(): unknown {
    return { open: true };
  }

  @SystemAdmin()
  @Get('closed')
  closed(): unknown {
    return { closed: true };
  }
}

const CONTROLLERS = [MixedController, TenantController, ScopedController, OpenController];
const SETUPS = [
  ['sqlite', 'express'],
  ['sqlite', 'fastify'],
  ['postgresql', 'express'],
] as const;

describe.each(SETUPS)(`${AccessGuard.name} on %s and %s`, (database, adapter) => {
  const conversation = new SqlConversation();
  let host: TestHost;
  let tenantId: string;
  const people: Record<string, string> = {};

  beforeAll(async () => {
    host = await createTestHost({
      database,
      mikroOrm: conversation.mikroOrm,
      imports: [AccessGuardModule, HeaderAuthentication],
      controllers: CONTROLLERS,
      options: { memberships: { permissions }, tenantDatabases: { catalogTtlMs: 600_000 } },
      http: await accessHttp(adapter),
    });
    await host.app.listen(0, '127.0.0.1');
    tenantId = (await host.newTenant({ name: 'Acme' })).id;
    for (const role of ['owner', 'admin', 'member'] as const) {
      people[role] = (await host.newUser()).id;
      await host.newMembership({ userId: people[role], tenantId, role });
    }
    people.stranger = (await host.newUser()).id;
    const { id: system } = await host.newUser();
    people.system = system;
    await host.run(async () => {
      (await host.hostDatabase.globalUsers.findOneOrFail(system)).isSysAdmin = true;
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const get = async (path: string, headers: Record<string, string> = {}) => {
    const { status, body } = await request(host.app.getHttpServer()).get(path).set(headers);
    return { status, ...(body as object) };
  };
  const as = (who: string, path: string, rest = '') => get(path, { 'x-user': `${people[who] ?? who}${rest}` });
  const refused = (status: number, code: string) => ({ status, code });
  const rows = (eventType: string) => host.run(() => host.hostDatabase.auditLogs.find({ eventType }));

  it('lets nobody in who is not signed in, but to what is public', async () => {
    const nobody = refused(401, 'ACCESS_NOT_AUTHENTICATED');
    for (const path of ['/undeclared', '/system', `/tenants/${tenantId}/member`, `/scoped/${tenantId}`, '/open/closed']) {
      expect(await get(path)).toEqual(nobody);
      expect(await as('invalid', path)).toEqual(nobody);
      expect(await as(genId(), path)).toEqual(nobody);
    }
    expect([await get('/public'), await get('/open')]).toEqual([
      { status: 200, actor: null },
      { status: 200, open: true },
    ]);
    expect(await get('/nobody')).toEqual(nobody);
    // The control.
    expect(await as('member', '/undeclared')).toEqual({ status: 200, user: { id: people.member }, tenantId: null });
  });

  it('has who comes with a credential for one tenant act in that one, also where the route is of none', async () => {
    expect(await as('member', '/undeclared', ` ${tenantId}`)).toEqual({ status: 200, user: { id: people.member }, tenantId });
  });

  it('refuses two credentials that do not say the same', async () => {
    const both = (other: string) => get('/undeclared', { 'x-user': people.member ?? '', 'x-other-user': other });
    expect(await both(people.admin ?? '')).toEqual(refused(401, 'ACCESS_CREDENTIALS_DISAGREE'));
    expect(await both(`${people.member} ${tenantId}`)).toEqual(refused(401, 'ACCESS_CREDENTIALS_DISAGREE'));
    expect(await both('invalid')).toEqual(refused(401, 'ACCESS_NOT_AUTHENTICATED'));
    expect(await both(people.member ?? '')).toMatchObject({ status: 200 });
  });

  it('lets in who has the role and the permissions, and records who has not', async () => {
    const [role, permission] = [refused(403, 'ACCESS_ROLE_REQUIRED'), refused(403, 'ACCESS_PERMISSION_REQUIRED')];
    const at = (path: string) => `/tenants/${tenantId}/${path}`;
    const outcomes = async (path: string) => [
      await as('owner', at(path)),
      await as('admin', at(path)),
      await as('member', at(path)),
    ];
    expect(await outcomes('admin')).toEqual([{ status: 200, role: 'owner' }, { status: 200, role: 'admin' }, role]);
    // The declaration of the method stands in place of that of the class.
    expect(await as('member', at('member'))).toEqual({
      status: 200,
      role: 'member',
      userId: people.member,
      tenantId,
      name: 'Acme',
    });
    expect(await outcomes('publish')).toEqual([{ status: 200, published: true }, { status: 200, published: true }, permission]);
    // Different ones hold together: the role of the class, and the permission of the method.
    expect(await outcomes('both')).toEqual([{ status: 200, both: true }, { status: 200, both: true }, role]);
    expect(await as('stranger', at('member'))).toEqual(refused(403, 'ACCESS_TENANT_DENIED'));
    const denials = await rows('access.requirement-denied');
    expect(denials).toHaveLength(3);
    expect(denials).toContainEqual(
      expect.objectContaining({
        actorUserId: people.member,
        tenantId,
        details: { requires: 'notes.publish', route: 'TenantController.publish' },
      }),
    );
  });

  it('goes by the role that the tenant has made, at the next request after it was changed', async () => {
    const userId = (await host.newUser()).id;
    await host.newMembership({ userId, tenantId });
    const publish = () => as(userId, `/tenants/${tenantId}/publish`);
    expect(await publish()).toEqual(refused(403, 'ACCESS_PERMISSION_REQUIRED'));
    const role = await host.run(async () => {
      const made = await host
        .get(RolesService)
        .create({ tenantId, name: 'Editor', permissions: ['notes.publish'] as Permission[] });
      const membership = await host.get(MembershipsService).getActive({ userId, tenantId });
      host.hostDatabase.em.assign(membership, { customRole: made });
      return made;
    });
    expect(await publish()).toEqual({ status: 200, published: true });
    await host.run(() => host.get(RolesService).update({ tenantId, roleId: role.id }, { permissions: [] }));
    expect(await publish()).toEqual(refused(403, 'ACCESS_PERMISSION_REQUIRED'));
    await host.run(() => host.get(MembershipsService).changeRole({ userId, tenantId, role: 'admin' }));
    expect(await publish()).toEqual({ status: 200, published: true });
  });

  it('lets system administrators in as themselves only', async () => {
    expect(await as('system', '/system')).toEqual({ status: 200, id: people.system });
    expect(await as('system', '/open/closed')).toEqual({ status: 200, closed: true });
    const before = (await rows('access.system-admin-denied')).length;
    expect(await as('member', '/system')).toEqual(refused(403, 'ACCESS_SYSTEM_ADMIN_REQUIRED'));
    expect(await as('system', '/system', ` - ${people.member}`)).toEqual(refused(403, 'ACCESS_SYSTEM_ADMIN_REQUIRED'));
    expect(await rows('access.system-admin-denied')).toHaveLength(before + 2);
  });

  it('refuses who was deactivated, at the next request', async () => {
    const userId = (await host.newUser()).id;
    expect(await as(userId, '/undeclared')).toMatchObject({ status: 200 });
    const set = (deactivatedAt: Date | null) =>
      host.run(async () => {
        (await host.hostDatabase.globalUsers.findOneOrFail(userId)).deactivatedAt = deactivatedAt;
      });
    await set(new Date());
    expect(await as(userId, '/undeclared')).toEqual(refused(401, 'ACCESS_NOT_AUTHENTICATED'));
    await set(null);
    expect(await as(userId, '/undeclared')).toMatchObject({ status: 200 });
  });

  it('binds the tenant that the credential is for, and no other', async () => {
    expect(await as('member', `/scoped/${tenantId}`)).toEqual({ status: 200, named: tenantId, bound: tenantId });
    expect(await as('member', `/scoped/${tenantId}`, ` ${tenantId}`)).toMatchObject({ status: 200 });
    const other = (await host.newMembership({ userId: people.member })).tenant.id;
    expect(await as('member', `/scoped/${other}`)).toMatchObject({ status: 200, bound: other });
    expect(await as('member', `/scoped/${other}`, ` ${tenantId}`)).toEqual(refused(403, 'ACCESS_TENANT_MISMATCH'));
  });

  it('asks the host database nothing on a path that it knows', async () => {
    const ask = () => as('admin', `/tenants/${tenantId}/publish`);
    const statements = async () => {
      conversation.begin();
      expect(await ask()).toEqual({ status: 200, published: true });
      return conversation.said;
    };
    await until(async () => (await statements()).length === 0, 20_000);
    for (let count = 0; count < 20; count++) expect(await statements()).toEqual([]);
    // The control: it asks for whom it does not know.
    conversation.begin();
    await as('owner', `/tenants/${tenantId}/publish`);
    await host.run(() => host.get(MembershipsService).changeRole({ userId: people.admin ?? '', tenantId, role: 'owner' }));
    expect((await statements()).length).toBeGreaterThan(0);
  });
});

describe('declarations of access', () => {
  const boot = async (controller: Type) => {
    const host = await createTestHost({ controllers: [controller], options: { memberships: { permissions } } });
    await host.close();
  };
  const invalid = { code: 'ACCESS_INVALID_DECLARATION' };

  it('that contradict themselves stop the boot', async () => {
    @Controller()
    class PublicAndNot {
      @Public()
      @RequireRole('admin')
      @TenantRoute()
      @Get()
      get(): void {}
    }
    @TenantScoped()
    @Controller('tenants/:tenantId')
    class PublicInTenant {
      @Public()
      @Get()
      get(): void {}
    }
    @Controller()
    class RoleWithoutTenant {
      @RequireRole('admin')
      @Get()
      get(): void {}
    }
    @RequireRole('king' as 'admin')
    @TenantRoute()
    @Controller()
    class UnknownRole {}
    for (const controller of [PublicAndNot, PublicInTenant, RoleWithoutTenant, UnknownRole]) {
      await expect(boot(controller)).rejects.toMatchObject(invalid);
    }
    // The control.
    await expect(boot(TenantController)).resolves.toBeUndefined();
  });

  it('that ask for a permission that nobody has declared stop the boot', async () => {
    @TenantRoute()
    @Controller('tenants/:tenantId')
    class Misspelt {
      @RequirePermission('notes.pubish' as Permission)
      @Get()
      get(): void {}
    }
    await expect(boot(Misspelt)).rejects.toMatchObject({ code: 'MEMBERSHIPS_UNKNOWN_PERMISSION' });
  });

  it('guard what they are on also where the guard is not global', async () => {
    const host = await createTestHost({
      imports: [HeaderAuthentication],
      controllers: CONTROLLERS,
      options: { memberships: { permissions } },
      http: await accessHttp('express'),
    });
    await host.app.listen(0, '127.0.0.1');
    const { id: userId } = await host.newUser();
    const get = (path: string) => request(host.app.getHttpServer()).get(path).set('x-user', userId);
    expect((await get('/system')).body).toEqual({ code: 'ACCESS_SYSTEM_ADMIN_REQUIRED' });
    const { id: tenantId } = await host.newTenant({ ownerId: userId });
    expect((await get(`/tenants/${tenantId}/admin`)).body).toEqual({ role: 'owner' });
    // What nothing is declared of is open, as in every application without a guard.
    expect((await get('/public')).status).toBe(200);
    await host.close();
  });
});
