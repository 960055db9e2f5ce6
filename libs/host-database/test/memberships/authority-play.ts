import { array, constantFrom, integer, oneof, option, record, subarray } from 'fast-check';
import { genId, HostDatabaseError } from '../../src/common/index.js';
import { ContextService } from '../../src/context/index.js';
import type { DatabaseType } from '../../src/database/index.js';
import {
  MEMBERSHIP_ROLES,
  MembershipsService,
  type Permission,
  RolesService,
  TenantMembers,
  TenantRoles,
} from '../../src/memberships/index.js';
import { createTestHost, type TestHost } from '../../src/testing/index.js';
import {
  type Action,
  after,
  isWithin,
  PERMISSIONS,
  type Place,
  type Powers,
  powersOf,
  PROJECT_PERMISSIONS,
  type TenantState,
} from './authority-model.js';

const USERS = 5;
const ROLES = 3;

const user = integer({ min: 0, max: USERS - 1 });
const own = integer({ min: 0, max: ROLES - 1 });
const permissions = subarray([...PERMISSIONS]);
const place = oneof(
  record({ role: constantFrom(...MEMBERSHIP_ROLES), own: constantFrom(undefined) }),
  record({ role: constantFrom('member' as const), own }),
  record({ role: constantFrom(...MEMBERSHIP_ROLES), own: option(own, { nil: undefined }) }),
);

/** What people try, one after the other. */
export const lives = array(
  oneof(
    record({ kind: constantFrom('add' as const, 'change' as const), actor: user, target: user, place }),
    record({ kind: constantFrom('add' as const, 'change' as const), actor: user, target: user, place }),
    record({ kind: constantFrom('remove' as const, 'transfer' as const), actor: user, target: user }),
    record({ kind: constantFrom('create-role' as const, 'update-role' as const), actor: user, own, permissions }),
    record({ kind: constantFrom('remove-role' as const), actor: user, own }),
    record({ kind: constantFrom('leave' as const), actor: user }),
  ),
  { minLength: 4, maxLength: 14 },
);

/** An owner, an admin, and a member who may do a little of what an admin may. */
const FIRST_ROLE = ['members.manage', 'members.read', 'projects.read', 'roles.manage'];
const BEGINNING: TenantState = {
  members: new Map<number, Place>([
    [0, { role: 'owner', own: undefined }],
    [1, { role: 'admin', own: undefined }],
    [2, { role: 'member', own: 0 }],
  ]),
  roles: new Map([[0, FIRST_ROLE]]),
};

interface Tenant {
  readonly id: string;
  /** The ids of roles, by their numbers, those that were refused too. */
  readonly roleIds: Map<number, string>;
}

/** Plays what people try in a tenant of its own, and looks at the tables after each step. */
export class AuthorityPlay {
  private constructor(
    private readonly host: TestHost,
    private readonly users: readonly string[],
  ) {}

  static async open(database: DatabaseType): Promise<AuthorityPlay> {
    const host = await createTestHost({ database, options: { memberships: { permissions: PROJECT_PERMISSIONS } } });
    const users: string[] = [];
    for (let number = 0; number < USERS; number++) users.push((await host.newUser()).id);
    return new AuthorityPlay(host, users);
  }

  close(): Promise<void> {
    return this.host.close();
  }

  /** @throws Error where somebody has got more than whoever gave it had, or anything is not as the model says */
  async play(life: readonly Action[]): Promise<void> {
    const tenant = await this.begin();
    let state = BEGINNING;
    for (const action of life) {
      const expected = after(state, action);
      const isDone = await this.attempt(tenant, action);
      const found = await this.read(tenant);
      assertNoEscalation(state, found, action);
      if (isDone !== (expected !== state)) throw new Error(`${isDone ? 'Done' : 'Refused'}: ${JSON.stringify(action)}`);
      if (textOf(found) !== textOf(expected)) throw new Error(`It is ${textOf(found)}, not ${textOf(expected)}.`);
      state = expected;
    }
  }

  private async begin(): Promise<Tenant> {
    const { id } = await this.host.newTenant({ provisioned: false });
    const memberships = this.host.get(MembershipsService);
    return this.host.run(async () => {
      const permissionsOfFirst = FIRST_ROLE as Permission[];
      const role = await this.host.get(RolesService).create({ tenantId: id, name: nameOf(0), permissions: permissionsOfFirst });
      const tenant: Tenant = { id, roleIds: new Map([[0, role.id]]) };
      for (const [number, given] of BEGINNING.members) {
        await memberships.grant({ ...this.key(tenant, number), ...this.grantOf(tenant, given) });
      }
      return tenant;
    });
  }

  /** Whether it was done; what is refused on purpose is no failure. */
  private async attempt(tenant: Tenant, action: Action): Promise<boolean> {
    try {
      const actorUserId = this.userOf(action.actor);
      await this.host.get(ContextService).run({ actorUserId }, () => this.host.run<unknown>(() => this.perform(tenant, action)));
      return true;
    } catch (error) {
      if (error instanceof HostDatabaseError) return false;
      throw error;
    }
  }

  private async perform(tenant: Tenant, action: Action): Promise<void> {
    const [members, roles] = [this.host.get(TenantMembers), this.host.get(TenantRoles)];
    const tenantId = tenant.id;
    switch (action.kind) {
      case 'add':
        return void (await members.add({ ...this.key(tenant, action.target), ...this.grantOf(tenant, action.place) }));
      case 'change':
        return void (await members.changeRole({ ...this.key(tenant, action.target), ...this.grantOf(tenant, action.place) }));
      case 'remove':
        return void (await members.remove(this.key(tenant, action.target)));
      case 'transfer':
        return void (await members.transferOwnership({ tenantId, toUserId: this.userOf(action.target) }));
      case 'leave':
        return void (await members.leave(tenantId));
      case 'create-role': {
        const role = { tenantId, name: nameOf(action.own), permissions: action.permissions as Permission[] };
        return void tenant.roleIds.set(action.own, (await roles.create(role)).id);
      }
      case 'update-role':
        return void (await roles.update(this.roleKey(tenant, action.own), { permissions: action.permissions as Permission[] }));
      case 'remove-role':
        return roles.remove(this.roleKey(tenant, action.own));
    }
  }

  /** What the tables say. */
  private async read({ id }: Tenant): Promise<TenantState> {
    const { roles, members } = await this.host.run(async () => ({
      roles: await this.host.get(RolesService).list(id),
      members: await this.host.get(MembershipsService).findByTenant(id),
    }));
    const numberOf = (roleId: string) => Number(roles.find((role) => role.id === roleId)?.name.slice(-1));
    return {
      roles: new Map(roles.map(({ name, permissions: names }) => [Number(name.slice(-1)), names])),
      members: new Map(
        members.map(({ user: { id: userId }, role, customRole }) => [
          this.users.indexOf(userId),
          { role, own: customRole ? numberOf(customRole.id) : undefined },
        ]),
      ),
    };
  }

  private userOf(number: number): string {
    return this.users[number] ?? genId();
  }

  private key(tenant: Tenant, number: number) {
    return { tenantId: tenant.id, userId: this.userOf(number) };
  }

  private roleKey(tenant: Tenant, number: number) {
    return { tenantId: tenant.id, roleId: tenant.roleIds.get(number) ?? genId() };
  }

  private grantOf(tenant: Tenant, { role, own: number }: Place) {
    return { role, customRoleId: number === undefined ? null : this.roleKey(tenant, number).roleId };
  }
}

function nameOf(role: number): string {
  return `Role ${role}`;
}

function powersIn({ members, roles }: TenantState, number: number): Powers {
  const at = members.get(number);
  return (at && powersOf(at, roles)) ?? new Set();
}

/** Nobody has what they did not have before, unless whoever acted had it then; and somebody still owns it all. */
function assertNoEscalation(before: TenantState, found: TenantState, action: Action): void {
  const given = powersIn(before, action.actor);
  for (const number of found.members.keys()) {
    const allowed = new Set([...powersIn(before, number), ...given]);
    if (!isWithin(powersIn(found, number), allowed)) throw new Error(`Escalation of user ${number} by ${JSON.stringify(action)}`);
  }
  if (![...found.members.values()].some(({ role }) => role === 'owner')) {
    throw new Error(`No owner after ${JSON.stringify(action)}`);
  }
}

function textOf({ members, roles }: TenantState): string {
  return JSON.stringify([sorted(members), sorted(roles)]);
}

function sorted(entries: Iterable<readonly [number, unknown]>) {
  return [...entries].toSorted(([a], [b]) => a - b);
}
