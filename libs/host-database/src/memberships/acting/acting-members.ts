import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantNotFoundError } from '../../tenants/index.js';
import { GlobalUser } from '../../users/index.js';
import { MembershipLocks } from '../membership-locks.js';
import { Membership } from '../membership.entity.js';
import { InsufficientAuthorityError } from '../memberships.errors.js';
import { isRefusal, type Refusal } from '../refusals.js';
import type { Permission } from '../roles/permissions.js';
import { RolesService } from '../roles/roles.service.js';
import { Actor } from './actor.js';

/** Something that a member wants to do. */
export interface MemberAction {
  readonly tenantId: string;
  /** By which refusals tell of it, such as `add-member`. */
  readonly name: string;
  /** What it takes; none where every member may. */
  readonly permission?: Permission;
  /** Whom it makes an owner. */
  readonly newOwnerId?: string | undefined;
  /** What it is about, for the audit log. */
  readonly target?: { readonly type: 'user' | 'role'; readonly id: string };
}

/** Lets the actor of the context do something to the members or roles of a tenant, if they may. */
@Injectable()
export class ActingMembers {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly locks: MembershipLocks,
    private readonly roles: RolesService,
    private readonly audit: AuditService,
  ) {}

  /**
   * Runs `work` in a transaction, or as part of the caller's, under the tenant's lock, under which the actor's authority is read too: an
   * admin who was demoted while their request waited gives nothing away any more. Where the context names a tenant, nothing is done in
   * another. A refusal is recorded and stays when all is rolled back.
   *
   * @throws InsufficientAuthorityError
   */
  async act<T>(action: MemberAction, work: (actor: Actor) => Promise<T>): Promise<T> {
    assertId(action.tenantId, 'tenant');
    let isTenant = false;
    try {
      return await this.unitOfWork.transactional(async () => {
        isTenant = await this.lock(action);
        return work(await this.actorOf(action));
      });
    } catch (error) {
      if (isRefusal(error)) await this.record(action, error, isTenant);
      throw error;
    }
  }

  /** Whether there is such a tenant. Where there is none, nobody is its member: that is all that they are told. */
  private async lock({ tenantId, newOwnerId }: MemberAction): Promise<boolean> {
    try {
      await this.locks.lock({ tenantId, newOwnerId });
      return true;
    } catch (error) {
      if (error instanceof TenantNotFoundError) return false;
      throw error;
    }
  }

  private async actorOf({ tenantId, name, permission }: MemberAction): Promise<Actor> {
    const membership = await this.findActor(tenantId);
    if (!membership) throw new InsufficientAuthorityError(tenantId, name, 'not-a-member');
    const authority = await this.roles.authorityOf(membership);
    if (permission !== undefined && !authority.permissions.has(permission)) {
      throw new InsufficientAuthorityError(tenantId, name, 'permission-missing');
    }
    return new Actor(membership, authority, name);
  }

  private async findActor(tenantId: string): Promise<Membership | null> {
    const { actorUserId, tenantId: scope } = this.context.current;
    if (actorUserId === undefined) return null;
    // Where the context says in which tenant they act, they act in no other: who acts as somebody else has one tenant only.
    if (scope !== undefined && scope !== tenantId) return null;
    const { em } = this.unitOfWork;
    const where = { user: actorUserId, tenant: tenantId, isActive: true };
    const membership = await em.findOne(Membership, where, { refresh: true });
    const isActive = { id: actorUserId, deactivatedAt: null };
    return membership && (await em.count(GlobalUser, isActive)) > 0 ? membership : null;
  }

  /** In the log of the tenant; ids that somebody has made up begin no logs. */
  private async record({ tenantId, name, target }: MemberAction, refusal: Refusal, isTenant: boolean): Promise<void> {
    const cause = refusal instanceof InsufficientAuthorityError ? { cause: refusal.reason } : {};
    await this.audit.recordDetached({
      eventType: 'memberships.refused',
      tenantId: isTenant ? tenantId : null,
      ...(target && { targetId: target.id, targetType: target.type }),
      outcome: 'denied',
      details: { action: name, reason: refusal.code, ...cause },
    });
  }
}
