import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { AccessStanding } from './access-standing.entity.js';
import type { TenantEntitlements } from './tenant-entitlements.js';

/** Records that a tenant is refused, and that it is let in again: once for each change, whichever process sees it first. */
@Injectable()
export class AccessStandings {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Writes how a tenant stands now, in a transaction of its own. Does nothing where that is known, or where there is no such tenant. */
  async note({ tenantId, standing, access }: TenantEntitlements): Promise<void> {
    await this.unitOfWork.run(() =>
      this.unitOfWork.transactional(async (em) => {
        const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, fields: ['id'] } as const;
        if (!(await em.findOne(TenantCatalog, { id: tenantId }, lock))) return;
        const known = await em.findOne(AccessStanding, { tenantId });
        if ((known?.standing ?? 'open') === standing) return;
        const changedAt = this.clock.now();
        if (known) em.assign(known, { standing, changedAt });
        else em.create(AccessStanding, { tenantId, standing, changedAt });
        const { level, status, reason } = access;
        await this.audit.record({
          eventType: standing === 'open' ? 'billing.access-restored' : 'billing.access-denied',
          tenantId,
          targetId: tenantId,
          details: { level, status, reason },
          outcome: standing === 'open' ? 'success' : 'denied',
        });
      }),
    );
  }
}
