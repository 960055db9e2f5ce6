import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantDirectory } from '../catalog-cache/index.js';
import { TenantDomainLost, TenantEvents } from '../tenants.events.js';
import type { TenantDomain } from './tenant-domain.entity.js';

/** Tells that a tenant has lost a verified domain: the log, listeners, and whoever resolves tenants by domains. */
@Injectable()
export class DomainLosses {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly events: TenantEvents,
    private readonly directory: TenantDirectory,
  ) {}

  /** In the transaction that takes it; listeners hear of it after the commit. Call it before the facts of the claim are changed. */
  async tell({ tenant, domain, missingSince }: TenantDomain, reason: TenantDomainLost['reason']): Promise<void> {
    const tenantId = tenant.id;
    await this.audit.record({
      eventType: 'tenants.domain-lost',
      tenantId,
      targetId: tenantId,
      details: { domain, reason, missingSince: missingSince?.toISOString() ?? null },
    });
    this.unitOfWork.afterCommit(() => {
      this.directory.invalidate(tenantId, { domain });
      this.events.emitDomainLost(new TenantDomainLost(tenantId, domain, reason));
    });
  }
}
