import { Injectable, type OnModuleInit } from '@nestjs/common';
import { assertId, assertOneOf, assertText, Clock } from '../common/index.js';
import { UnitOfWork, violatesUnique } from '../database/index.js';
import { TenantEvents, TenantNotFoundError } from '../tenants/index.js';
import { GlobalUser, OwnAccount, UserNotFoundError, UsersService } from '../users/index.js';
import { InvitationEnds } from './invitations/invitation-ends.js';
import type { MembershipAttributes } from './membership-attributes.js';
import { MembershipAttributesSchema } from './membership-attributes.schema.js';
import { MembershipLocks } from './membership-locks.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from './membership-role.js';
import { Membership } from './membership.entity.js';
import { DuplicateMembershipError, type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';
import { MembershipEvents } from './memberships.events.js';
import { OwnerRule } from './owners/owner-rule.js';
import { readMember } from './read-member.js';
import { type RoleGrant, RolesService } from './roles/roles.service.js';
import type { TenantRole } from './roles/tenant-role.entity.js';
import { Seats } from './seats/seats.js';

const PAIR_UNIQUE = {
  name: 'core_memberships_user_id_tenant_id_unique',
  table: 'core_memberships',
  columns: ['user_id', 'tenant_id'],
};

/** A membership to be. */
export interface NewMembership extends MembershipKey {
  /** @default 'member' */
  readonly role?: MembershipRole;
  /** One of the tenant's own roles, for a `member`. @default what every member may do */
  readonly customRoleId?: string | null;
  /** The id of the person's profile in the tenant's own database. */
  readonly profileId?: string;
  /** What the application keeps about this membership, as plain JSON. */
  readonly metaAttributes?: MembershipAttributes;
}

/** What a member is to be from now on. */
export interface RoleChange extends MembershipKey, RoleGrant {}

/**
 * Who may enter which tenant, and as what. Asks nobody whether they may: what people do to the members of their tenants goes through
 * `TenantMembers`. Whoever calls it, a tenant keeps an owner and stays within its seats: changes join the caller's transaction and wait for
 * others to the same tenant's members.
 */
@Injectable()
export class MembershipsService implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly tenantEvents: TenantEvents,
    private readonly clock: Clock,
    private readonly locks: MembershipLocks,
    private readonly roles: RolesService,
    private readonly seats: Seats,
    private readonly owners: OwnerRule,
    private readonly attributes: MembershipAttributesSchema,
    private readonly events: MembershipEvents,
    private readonly invitations: InvitationEnds,
    private readonly ownAccount: OwnAccount,
  ) {}

  onModuleInit(): void {
    this.tenantEvents.onCreated(async ({ tenant, ownerId }) => {
      // The first owner changes no owners, so that this can be done for somebody too.
      if (ownerId !== undefined) await this.open({ userId: ownerId, tenantId: tenant.id, role: 'owner' });
    });
  }

  /**
   * Makes a user a member of a tenant. A membership that had ended is opened again with this role, and takes a seat again. Open
   * invitations of the tenant to the address that they have verified are taken back: they came in without.
   *
   * @throws UserNotFoundError, TenantNotFoundError, DuplicateMembershipError, InvalidInputError
   * @throws SeatLimitReachedError when the plan of the tenant has no seat left
   * @throws RoleNotFoundError, InvalidMembershipAttributesError
   * @throws UserDeactivatedError, ImpersonatedOwnerChangeError when the role is `owner`
   * @throws ImpersonatedAccountChangeError when the role is `admin`, and somebody acts as another person
   */
  async grant({ userId, tenantId, role = 'member', ...others }: NewMembership): Promise<Membership> {
    const member = { ...assertKey({ userId, tenantId }), ...others, role: assertOneOf(role, MEMBERSHIP_ROLES, 'role') };
    if (role === 'owner') this.owners.assertMayChangeOwners();
    if (role === 'admin') await this.ownAccount.require(member.userId, 'make-admin');
    return this.open(member);
  }

  /**
   * Gives a member another role. A role of the tenant's own that is not given again is taken away.
   *
   * @throws MembershipNotFoundError, LastOwnerError, InvalidInputError, RoleNotFoundError
   * @throws UserDeactivatedError when the role is `owner`
   * @throws ImpersonatedOwnerChangeError when somebody would become an owner, or be one no more
   * @throws ImpersonatedAccountChangeError when somebody would become an admin
   */
  async changeRole({ role, customRoleId, ...key }: RoleChange): Promise<Membership> {
    const newRole = assertOneOf(role, MEMBERSHIP_ROLES, 'role');
    return this.change(assertKey(key), newRole, async (membership) => {
      const customRole = await this.customRole(key.tenantId, { role, customRoleId });
      this.unitOfWork.em.assign(membership, { role: newRole, customRole });
    });
  }

  /**
   * Says which profile a member has in the tenant's own database.
   *
   * @throws MembershipNotFoundError, InvalidInputError
   */
  async setProfile({ profileId, ...key }: MembershipKey & { readonly profileId: string }): Promise<Membership> {
    const id = assertText(profileId, 'profileId');
    return this.describe(key, (membership) => {
      membership.profileId = id;
    });
  }

  /**
   * Replaces what the application keeps about a membership.
   *
   * @throws MembershipNotFoundError, InvalidMembershipAttributesError, InvalidInputError
   */
  async setAttributes({
    attributes,
    ...key
  }: MembershipKey & { readonly attributes: MembershipAttributes }): Promise<Membership> {
    const stored = await this.attributes.parse(attributes);
    return this.describe(key, (membership) => {
      membership.metaAttributes = stored;
    });
  }

  /**
   * Ends a membership; the row stays, inactive, without a role of the tenant's own. Open invitations of the tenant to their address are taken
   * back: they do not return by one that is older than this.
   *
   * @throws MembershipNotFoundError, LastOwnerError, ImpersonatedOwnerChangeError
   */
  async end(key: MembershipKey): Promise<Membership> {
    return this.change(assertKey(key), undefined, async (membership) => {
      this.unitOfWork.em.assign(membership, { isActive: false, customRole: null });
      await this.revokeInvitations(key);
    });
  }

  /** Returns the membership of the pair, ended or not. */
  async find(key: MembershipKey): Promise<Membership | null> {
    const { userId, tenantId } = assertKey(key);
    return this.unitOfWork.em.findOne(Membership, { user: userId, tenant: tenantId });
  }

  /** @throws MembershipNotFoundError when the user is not a member of the tenant now */
  async getActive(key: MembershipKey): Promise<Membership> {
    const membership = await this.find(key);
    if (!membership?.isActive) throw new MembershipNotFoundError(key);
    return membership;
  }

  /** Returns the memberships that a user has now, with their tenants loaded, the oldest first. */
  async findByUser(userId: string): Promise<Membership[]> {
    const where = { user: assertId(userId, 'user'), isActive: true };
    return this.unitOfWork.em.find(Membership, where, { populate: ['tenant'], orderBy: { createdAt: 'asc', id: 'asc' } });
  }

  /** Returns the memberships that a tenant has now, with their users loaded, the oldest first. */
  async findByTenant(tenantId: string): Promise<Membership[]> {
    const where = { tenant: assertId(tenantId, 'tenant'), isActive: true };
    return this.unitOfWork.em.find(Membership, where, { populate: ['user'], orderBy: { createdAt: 'asc', id: 'asc' } });
  }

  private async open({ role = 'member', customRoleId, profileId, metaAttributes, ...key }: NewMembership): Promise<Membership> {
    const facts = {
      role,
      ...(profileId !== undefined && { profileId: assertText(profileId, 'profileId') }),
      ...(metaAttributes !== undefined && { metaAttributes: await this.attributes.parse(metaAttributes) }),
    };
    return this.unitOfWork.transactional(async (em) => {
      const user = await this.users.getById(key.userId);
      const tenant = await this.locks.lock({ tenantId: key.tenantId, newOwnerId: role === 'owner' ? user.id : undefined });
      const existing = await em.findOne(Membership, { user: key.userId, tenant: key.tenantId }, { refresh: true });
      if (existing?.isActive) throw new DuplicateMembershipError(key);
      await this.seats.assertFree(tenant);
      const customRole = await this.customRole(tenant.id, { role, customRoleId });
      const membership = existing
        ? em.assign(existing, { ...facts, customRole, isActive: true })
        : em.create(Membership, { ...facts, customRole, user, tenant, createdAt: this.clock.now() });
      try {
        await em.flush();
      } catch (cause) {
        if (violatesUnique(cause, PAIR_UNIQUE)) throw new DuplicateMembershipError(key, { cause });
        throw cause;
      }
      if (user.emailVerifiedAt != null) await this.invitations.revoke({ tenantId: tenant.id, email: user.email });
      this.events.changed(key);
      return membership;
    });
  }

  /** Whether or not they have verified the address: they may do so later. */
  private async revokeInvitations({ userId, tenantId }: MembershipKey): Promise<void> {
    const user = await this.unitOfWork.em.findOne(GlobalUser, { id: userId }, { disableIdentityMap: true });
    if (user) await this.invitations.revoke({ tenantId, email: user.email });
  }

  private async customRole(tenantId: string, { role, customRoleId }: RoleGrant): Promise<TenantRole | null> {
    return customRoleId == null ? null : this.roles.resolve(tenantId, { role, customRoleId });
  }

  /** What decides nothing: it waits for nobody. */
  private async describe(key: MembershipKey, apply: (membership: Membership) => void): Promise<Membership> {
    return this.unitOfWork.transactional(async (em) => {
      const membership = await this.getActive(key);
      apply(membership);
      await em.flush();
      this.events.changed({ userId: key.userId, tenantId: key.tenantId });
      return membership;
    });
  }

  private async lock({ userId, tenantId }: MembershipKey, role: MembershipRole | undefined): Promise<void> {
    try {
      await this.locks.lock({ tenantId, newOwnerId: role === 'owner' ? userId : undefined });
    } catch (error) {
      if (error instanceof TenantNotFoundError || error instanceof UserNotFoundError) {
        throw new MembershipNotFoundError({ userId, tenantId });
      }
      throw error;
    }
  }

  /** @param role which they will have; none where they will be no member */
  private async change(
    key: MembershipKey,
    role: MembershipRole | undefined,
    apply: (membership: Membership) => void | Promise<void>,
  ): Promise<Membership> {
    return this.unitOfWork.transactional(async (em) => {
      // Of two owners who leave together, the second sees that the first is gone.
      await this.lock(key, role);
      const membership = await readMember(em, key);
      const wasOwner = membership.role === 'owner';
      if (wasOwner !== (role === 'owner')) this.owners.assertMayChangeOwners();
      if (role === 'admin' && membership.role !== 'admin') await this.ownAccount.require(key.userId, 'make-admin');
      if (wasOwner && role !== 'owner') await this.owners.assertNotLast(key);
      await apply(membership);
      await em.flush();
      this.events.changed(key);
      return membership;
    });
  }
}

function assertKey({ userId, tenantId }: MembershipKey): MembershipKey {
  return { userId: assertId(userId, 'user'), tenantId: assertId(tenantId, 'tenant') };
}
