import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bell } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { effectiveStatus, TenantCatalog } from './tenant-catalog.entity.js';
import {
  TenantActivationTimeoutError,
  TenantNotActiveError,
  TenantNotFoundError,
  WaitInTransactionError,
} from './tenants.errors.js';
import { TenantEvents } from './tenants.events.js';

/** Another process may be the one that provisions, so that the catalogue is read again from time to time. */
const POLL_INTERVAL_MS = 100;

/** Waits for tenants to become active. */
@Injectable()
export class TenantActivation implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: TenantEvents,
  ) {}

  /** This process stops working on jobs: whoever waits for one is told now instead of at the end of their time. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  async wait(tenantId: string, timeoutMs: number): Promise<TenantCatalog> {
    if (this.unitOfWork.isInTransaction) throw new WaitInTransactionError();
    const deadline = performance.now() + timeoutMs;
    const bell = new Bell();
    const unsubscribe = this.events.onStatusChanged((event) => {
      if (event.tenantId === tenantId) bell.ring();
    });
    try {
      for (;;) {
        const tenant = await this.unitOfWork.em.findOne(TenantCatalog, { id: tenantId }, { disableIdentityMap: true });
        if (!tenant) throw new TenantNotFoundError(tenantId);
        const status = effectiveStatus(tenant);
        if (status === 'active')
          return await this.unitOfWork.em.findOneOrFail(TenantCatalog, { id: tenantId }, { refresh: true });
        if (status !== 'provisioning') throw new TenantNotActiveError(tenantId, status);
        const leftMs = deadline - performance.now();
        if (leftMs <= 0 || this.stopping.signal.aborted) throw new TenantActivationTimeoutError(tenantId, timeoutMs);
        await bell.wait(Math.min(leftMs, POLL_INTERVAL_MS), this.stopping.signal);
      }
    } finally {
      unsubscribe();
    }
  }
}
