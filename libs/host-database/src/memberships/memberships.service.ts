import { LockMode } from '@mikro-orm/core';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { assertId, assertJson, assertOneOf, assertText, Clock } from '../common/index.js';
import { UnitOfWork, violatesUnique } from '../database/index.js';
import { TenantCatalog, TenantEvents, TenantNotFoundError } from '../tenants/index.js';
import { UsersService } from '../users/index.js';
import { MEMBERSHIP_ROLES, type MembershipRole } from './membership-role.js';
import { Membership } from './membership.entity.js';
import { DuplicateMembershipError, LastOwnerError, type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';

const PAIR_UNIQUE = {
  name: 'core_memberships_user_id_tenant_id_unique',
  table: 'core_memberships',
  columns: ['user_id', 'tenant_id'],
};

/** A membership to be. */
export interface NewMembership extends MembershipKey {
  /** @default 'member' */
  readonly role?: MembershipRole;
  /** The id of the person's profile in the tenant's own database. */
  readonly profileId?: string;
  /** What the application keeps about this membership, as plain JSON. */
  readonly metaAttributes?: Readonly<Record<string, unknown>>;
}

/** Who may enter which tenant, and as what. */
@Injectable()
export class MembershipsService implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly tenantEvents: TenantEvents,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.tenantEvents.onCreated(async ({ tenant, ownerId }) => {
      if (ownerId !== undefined) await this.grant({ userId: ownerId, tenantId: tenant.id, role: 'owner' });
    });
  }

  /**
   * Makes a user a member of a tenant. A membership that had ended is opened again with this role.
   *
   * @throws UserNotFoundError, TenantNotFoundError, DuplicateMembershipError, InvalidInputError
   */
  async grant({ userId, tenantId, role = 'member', profileId, metaAttributes }: NewMembership): Promise<Membership> {
    const key = assertKey({ userId, tenantId });
    const facts = {
      role: assertOneOf(role, MEMBERSHIP_ROLES, 'role'),
      ...(profileId !== undefined && { profileId: assertText(profileId, 'profileId') }),
      ...(metaAttributes !== undefined && { metaAttributes: assertJson(metaAttributes, 'metaAttributes') }),
    };
    return this.unitOfWork.transactional(async (em) => {
      const user = await this.users.getById(key.userId);
      const tenant = await this.lockTenant(key.tenantId);
      if (!tenant) throw new TenantNotFoundError(key.tenantId);
      const existing = await em.findOne(Membership, { user: key.userId, tenant: key.tenantId }, { refresh: true });
      if (existing?.isActive) throw new DuplicateMembershipError(key);
      const membership = existing
        ? em.assign(existing, { ...facts, isActive: true })
        : em.create(Membership, { ...facts, user, tenant, createdAt: this.clock.now() });
      try {
        await em.flush();
      } catch (cause) {
        if (violatesUnique(cause, PAIR_UNIQUE)) throw new DuplicateMembershipError(key, { cause });
        throw cause;
      }
      return membership;
    });
  }

  /**
   * Gives a member another role.
   *
   * @throws MembershipNotFoundError, LastOwnerError, InvalidInputError
   */
  async changeRole({ role, ...key }: MembershipKey & { readonly role: MembershipRole }): Promise<Membership> {
    const newRole = assertOneOf(role, MEMBERSHIP_ROLES, 'role');
    return this.change(assertKey(key), newRole === 'owner', (membership) => {
      membership.role = newRole;
    });
  }

  /**
   * Says which profile a member has in the tenant's own database.
   *
   * @throws MembershipNotFoundError, InvalidInputError
   */
  async setProfile({ profileId, ...key }: MembershipKey & { readonly profileId: string }): Promise<Membership> {
    const id = assertText(profileId, 'profileId');
    return this.unitOfWork.transactional(async (em) => {
      const membership = await this.getActive(key);
      membership.profileId = id;
      await em.flush();
      return membership;
    });
  }

  /**
   * Ends a membership; the row stays, inactive.
   *
   * @throws MembershipNotFoundError, LastOwnerError
   */
  async end(key: MembershipKey): Promise<Membership> {
    return this.change(assertKey(key), false, (membership) => {
      membership.isActive = false;
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

  /** Of several changes to one tenant's memberships at once, each sees what the one before has done. */
  private async lockTenant(id: string): Promise<TenantCatalog | null> {
    const { em } = this.unitOfWork;
    // What the caller has changed is written before the rows are read anew.
    await em.flush();
    return em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  }

  private async change(key: MembershipKey, staysOwner: boolean, apply: (membership: Membership) => void): Promise<Membership> {
    return this.unitOfWork.transactional(async (em) => {
      // The tenant's row is the lock of its owners: of two owners who leave together, the second sees that the first is gone.
      await this.lockTenant(key.tenantId);
      const membership = await em.findOne(Membership, { user: key.userId, tenant: key.tenantId }, { refresh: true });
      if (!membership?.isActive) throw new MembershipNotFoundError(key);
      if (membership.role === 'owner' && !staysOwner) {
        const owners = await em.count(Membership, { tenant: key.tenantId, role: 'owner', isActive: true });
        if (owners <= 1) throw new LastOwnerError(key);
      }
      apply(membership);
      await em.flush();
      return membership;
    });
  }
}

function assertKey({ userId, tenantId }: MembershipKey): MembershipKey {
  return { userId: assertId(userId, 'user'), tenantId: assertId(tenantId, 'tenant') };
}
