import type { MembershipRole } from '../../src/memberships/index.js';

/** What the application of the test declares. */
export const PROJECT_PERMISSIONS = {
  'projects.read': { role: 'member' },
  'projects.write': { role: 'admin' },
  'projects.erase': { role: 'owner' },
} as const;

const OF_MEMBERS = ['members.read', 'projects.read'];
const OF_ADMINS = [...OF_MEMBERS, 'members.manage', 'invitations.manage', 'roles.manage', 'projects.write'];
const OF_OWNERS = [...OF_ADMINS, 'tenant.transfer', 'projects.erase'];

export const PERMISSIONS: readonly string[] = OF_OWNERS;

/** What somebody has: permissions, and the ranks up to their own as if these were some too. */
export type Powers = ReadonlySet<string>;

const BY_ROLE: Readonly<Record<MembershipRole, Powers>> = {
  owner: new Set([...OF_OWNERS, 'rank:admin', 'rank:owner']),
  admin: new Set([...OF_ADMINS, 'rank:admin']),
  member: new Set(OF_MEMBERS),
};

/** A base role, and the number of a role of the tenant's own. */
export interface Place {
  readonly role: MembershipRole;
  readonly own: number | undefined;
}

/** Who is in a tenant, by the numbers of users, and which roles it has made, by their numbers. */
export interface TenantState {
  readonly members: ReadonlyMap<number, Place>;
  readonly roles: ReadonlyMap<number, readonly string[]>;
}

export type Action =
  | { readonly kind: 'add' | 'change'; readonly actor: number; readonly target: number; readonly place: Place }
  | { readonly kind: 'remove' | 'transfer'; readonly actor: number; readonly target: number }
  | { readonly kind: 'leave'; readonly actor: number }
  | {
      readonly kind: 'create-role' | 'update-role';
      readonly actor: number;
      readonly own: number;
      readonly permissions: readonly string[];
    }
  | { readonly kind: 'remove-role'; readonly actor: number; readonly own: number };

/** What somebody in this place has; undefined where there is no such place. */
export function powersOf({ role, own }: Place, roles: TenantState['roles']): Powers | undefined {
  if (own === undefined) return BY_ROLE[role];
  const permissions = role === 'member' ? roles.get(own) : undefined;
  return permissions && new Set(permissions);
}

export function isWithin(some: Iterable<string> | undefined, all: Powers | undefined): boolean {
  return some !== undefined && all !== undefined && [...some].every((power) => all.has(power));
}

/** What becomes of the tenant, by the rules as the documentation has them; the same where the action is refused. */
export function after(state: TenantState, action: Action): TenantState {
  const acting = state.members.get(action.actor);
  const powers = acting && powersOf(acting, state.roles);
  return powers && mayBe(state, action, powers) ? apply(state, action) : state;
}

function mayBe({ members, roles }: TenantState, action: Action, powers: Powers): boolean {
  const has = (number: number) => {
    const place = members.get(number);
    return place && powersOf(place, roles);
  };
  const isLastOwner = (number: number) =>
    members.get(number)?.role === 'owner' && [...members.values()].filter(({ role }) => role === 'owner').length === 1;
  switch (action.kind) {
    case 'add':
      return powers.has('members.manage') && !members.has(action.target) && isWithin(powersOf(action.place, roles), powers);
    case 'change':
      return (
        powers.has('members.manage') &&
        isWithin(has(action.target), powers) &&
        isWithin(powersOf(action.place, roles), powers) &&
        (action.place.role === 'owner' || !isLastOwner(action.target))
      );
    case 'remove':
      return powers.has('members.manage') && isWithin(has(action.target), powers) && !isLastOwner(action.target);
    case 'leave':
      return !isLastOwner(action.actor);
    case 'transfer':
      return (
        powers.has('tenant.transfer') && powers.has('rank:owner') && members.has(action.target) && action.target !== action.actor
      );
    case 'create-role':
      return powers.has('roles.manage') && !roles.has(action.own) && isWithin(action.permissions, powers);
    case 'update-role':
      return powers.has('roles.manage') && isWithin(roles.get(action.own), powers) && isWithin(action.permissions, powers);
    default:
      return (
        powers.has('roles.manage') &&
        isWithin(roles.get(action.own), powers) &&
        ![...members.values()].some(({ own }) => own === action.own)
      );
  }
}

function apply(state: TenantState, action: Action): TenantState {
  const members = new Map(state.members);
  const roles = new Map(state.roles);
  switch (action.kind) {
    case 'add':
    case 'change':
      members.set(action.target, action.place);
      break;
    case 'remove':
      members.delete(action.target);
      break;
    case 'leave':
      members.delete(action.actor);
      break;
    case 'transfer':
      members.set(action.actor, { role: 'admin', own: undefined }).set(action.target, { role: 'owner', own: undefined });
      break;
    case 'create-role':
    case 'update-role':
      roles.set(action.own, [...new Set(action.permissions)].toSorted());
      break;
    case 'remove-role':
      roles.delete(action.own);
  }
  return { members, roles };
}
