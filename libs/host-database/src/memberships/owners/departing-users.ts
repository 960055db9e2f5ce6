import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { UnitOfWork } from '../../database/index.js';
import { UserEvents } from '../../users/index.js';
import { MembershipLocks } from '../membership-locks.js';
import { Membership } from '../membership.entity.js';
import { LastOwnerError } from '../memberships.errors.js';
import { MembershipEvents } from '../memberships.events.js';
import { isRefusal } from '../refusals.js';
import { OwnerRule } from './owner-rule.js';

/**
 * Takes part when a user is deactivated or removed: refused where that would leave a tenant without an owner. Their row is locked before
 * this is asked, so that they become an owner nowhere else meanwhile.
 */
@Injectable()
export class DepartingUsers implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly userEvents: UserEvents,
    private readonly locks: MembershipLocks,
    private readonly owners: OwnerRule,
    private readonly events: MembershipEvents,
    private readonly audit: AuditService,
  ) {}

  onModuleInit(): void {
    this.userEvents.onDeactivated(async ({ userId }) => {
      await this.assertOwnsNoneAlone(userId, 'deactivate-user');
      for (const { tenant } of await this.membershipsOf(userId)) this.events.changed({ userId, tenantId: tenant.id });
    });
    this.userEvents.onDeleting(async ({ userId }) => {
      await this.assertOwnsNoneAlone(userId, 'delete-user');
      await this.remove(userId);
    });
  }

  private async assertOwnsNoneAlone(userId: string, action: string): Promise<void> {
    try {
      const owned = await this.ownedBy(userId);
      // By their ids: two departures that lock the same tenants do it in the same order.
      for (const tenantId of owned.toSorted()) await this.locks.lock({ tenantId });
      const alone: string[] = [];
      // Anew: until the lock was there, another owner may have taken it from them.
      for (const tenantId of await this.ownedBy(userId)) {
        if (!(await this.owners.hasAnother({ userId, tenantId }))) alone.push(tenantId);
      }
      if (alone.length > 0) throw new LastOwnerError(userId, alone.toSorted());
    } catch (error) {
      if (isRefusal(error)) {
        await this.audit.recordDetached({
          eventType: 'memberships.refused',
          tenantId: null,
          targetId: userId,
          outcome: 'denied',
          details: { action, reason: error.code },
        });
      }
      throw error;
    }
  }

  private async ownedBy(userId: string): Promise<string[]> {
    const where = { user: userId, role: 'owner', isActive: true } as const;
    const owned = await this.unitOfWork.em.find(Membership, where, { disableIdentityMap: true });
    return owned.map(({ tenant }) => tenant.id);
  }

  private membershipsOf(userId: string): Promise<Membership[]> {
    return this.unitOfWork.em.find(Membership, { user: userId });
  }

  /** One by one, each removal recorded: the foreign key would take them silently. */
  private async remove(userId: string): Promise<void> {
    const { em } = this.unitOfWork;
    for (const membership of await this.membershipsOf(userId)) {
      em.remove(membership);
      this.events.changed({ userId, tenantId: membership.tenant.id });
    }
    await em.flush();
  }
}
