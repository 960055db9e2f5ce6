import { Inject, Injectable } from '@nestjs/common';
import { assertText, nearestName } from '../../common/index.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from '../membership-role.js';
import { MEMBERSHIPS_OPTIONS, type ResolvedMembershipsOptions } from '../memberships.options.js';
import { isAtLeast } from './authority.js';
import { builtInPermissions, type Permission, type PermissionDefinition } from './permissions.js';
import { UnknownPermissionError } from './roles.errors.js';

/** Which permissions there are: the library's and the application's. */
@Injectable()
export class PermissionCatalogue {
  /** Sorted. */
  readonly names: readonly string[];
  private readonly byRole: ReadonlyMap<MembershipRole, ReadonlySet<string>>;

  constructor(@Inject(MEMBERSHIPS_OPTIONS) { permissions }: Pick<ResolvedMembershipsOptions, 'permissions'>) {
    const all: readonly (readonly [string, PermissionDefinition])[] = Object.entries({ ...permissions, ...builtInPermissions });
    this.names = all.map(([name]) => name).toSorted();
    const ofRole = (role: MembershipRole) => all.filter(([, { role: least }]) => isAtLeast(role, least)).map(([name]) => name);
    this.byRole = new Map(MEMBERSHIP_ROLES.map((role) => [role, new Set(ofRole(role))]));
  }

  /** What a role may do by itself. */
  ofRole(role: MembershipRole): ReadonlySet<string> {
    return this.byRole.get(role) ?? new Set();
  }

  /** Those of some names that are still permissions: a role outlives what the application declares. */
  known(names: readonly string[]): ReadonlySet<string> {
    const all = this.ofRole('owner');
    return new Set(names.filter((name) => all.has(name)));
  }

  /** Returns the names sorted, each once. @throws UnknownPermissionError, InvalidInputError */
  assertKnown(names: readonly string[]): Permission[] {
    const all = this.ofRole('owner');
    for (const given of names) {
      const name = assertText(given, 'permissions');
      if (!all.has(name)) throw new UnknownPermissionError(name, nearestName(name, this.names));
    }
    return [...new Set(names)].toSorted() as Permission[];
  }
}
