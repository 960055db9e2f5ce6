import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertFreshReads, UnitOfWork } from '../database/index.js';
import { TenantCatalog, TenantNotFoundError } from '../tenants/index.js';
import { GlobalUser, UserDeactivatedError, UserNotFoundError } from '../users/index.js';

/** What a change of memberships waits for. */
export interface LockedRows {
  readonly tenantId: string;
  /** Who is to be an owner. */
  readonly newOwnerId?: string | undefined;
}

/**
 * The locks by which changes to the members of one tenant come one after the other. To be taken in a transaction, and always in this order,
 * users before tenants and tenants by their ids, so that none waits for another that waits for it.
 */
@Injectable()
export class MembershipLocks {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /**
   * Waits until this transaction is the only one that changes who belongs to the tenant, and as what. Returns the tenant as it is then.
   *
   * @throws TenantNotFoundError
   * @throws SnapshotIsolationError at REPEATABLE READ, which does not see what it has waited for
   * @throws UserNotFoundError, UserDeactivatedError where somebody is to be an owner who cannot be one
   */
  async lock({ tenantId, newOwnerId }: LockedRows): Promise<TenantCatalog> {
    const { em } = this.unitOfWork;
    await assertFreshReads(em);
    // What the caller has changed is written before the rows are read anew.
    await em.flush();
    if (newOwnerId !== undefined) {
      // Who is deactivated meanwhile would be an owner that does not count, in a tenant that the deactivation has not looked at.
      const locked = { lockMode: LockMode.PESSIMISTIC_READ, disableIdentityMap: true } as const;
      const user = await em.findOne(GlobalUser, { id: newOwnerId }, locked);
      if (!user) throw new UserNotFoundError(newOwnerId);
      if (user.deactivatedAt != null) throw new UserDeactivatedError(newOwnerId);
    }
    const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
    if (!tenant) throw new TenantNotFoundError(tenantId);
    return tenant;
  }
}
