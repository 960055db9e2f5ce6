import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, Clock } from '../../common/index.js';
import { refusedTransition, UnitOfWork } from '../../database/index.js';
import { effectiveStatus, TENANT_STATUSES, TenantCatalog, type TenantStatus } from '../tenant-catalog.entity.js';
import { TenantNotFoundError, TenantStatusConflictError } from '../tenants.errors.js';
import { TenantEvents, TenantStatusChanged } from '../tenants.events.js';
import { canBecome } from './transitions.js';

/** What else changes with the status, and who is told: runs with the tenant's row locked, before it is written. */
type StatusChange = (tenant: TenantCatalog, from: TenantStatus) => void | Promise<void>;

/**
 * What a tenant may be told to be once more. Provisioning can be repeated at any time, so one whose job was lost can be helped on; of one
 * that is away something else may change: where it comes back to. Who changes it says whether that is so.
 */
const STAYING: ReadonlySet<TenantStatus> = new Set(['provisioning', 'archived', 'pending_deletion']);

/** The one place that changes the status of a tenant. */
@Injectable()
export class TenantStatusWriter {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: TenantEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * Changes a tenant's status, in the caller's transaction if there is one; of several who do so at once, each sees what the one before has
   * done. Other processes see it within a second of the commit, and this one at once.
   *
   * @param to the status, or what chooses it by the tenant as it is
   * @throws TenantNotFoundError, TenantStatusConflictError
   */
  async change(
    tenantId: string,
    to: TenantStatus | ((tenant: TenantCatalog, from: TenantStatus) => TenantStatus),
    apply?: StatusChange,
  ): Promise<TenantCatalog> {
    const id = assertId(tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      // What the caller has changed is written before the row is read anew.
      await em.flush();
      const tenant = await em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      if (!tenant) throw new TenantNotFoundError(id);
      const from = effectiveStatus(tenant);
      const status = typeof to === 'function' ? to(tenant, from) : to;
      const stays = status === from && STAYING.has(from);
      if (!stays && !canBecome(from, status)) throw new TenantStatusConflictError(id, from, status);
      await apply?.(tenant, from);
      tenant.status = status;
      tenant.isActive = status === 'active';
      if (!stays || status === 'provisioning') tenant.statusChangedAt = this.clock.now();
      if (tenant.isActive) Object.assign(tenant, { cutsWork: false, closedBy: null });
      try {
        await em.flush();
      } catch (cause) {
        const refused = refusedTransition(cause);
        throw refused ? new TenantStatusConflictError(id, statusOf(refused.from), statusOf(refused.to), { cause }) : cause;
      }
      const { cutsWork } = tenant;
      this.unitOfWork.afterCommit(() => this.events.emitStatusChanged(new TenantStatusChanged(id, status, cutsWork)));
      return tenant;
    });
  }
}

function statusOf(text: string): TenantStatus {
  return TENANT_STATUSES.find((status) => status === text) ?? 'failed';
}
