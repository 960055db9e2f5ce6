import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { DeletionCounts, TenantDeletionPart } from '../lifecycle/index.js';
import { TenantDomain } from './tenant-domain.entity.js';

/** The domains of a tenant that is deleted, so that somebody else can have them. Each one's removal is recorded. */
@Injectable()
export class DomainsDeletion implements TenantDeletionPart {
  readonly name = 'domains';

  constructor(private readonly unitOfWork: UnitOfWork) {}

  async count(tenantId: string): Promise<DeletionCounts> {
    return { core_tenant_domains: await this.unitOfWork.em.count(TenantDomain, { tenant: tenantId }) };
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    const { em } = this.unitOfWork;
    const claims = await em.find(TenantDomain, { tenant: tenantId });
    for (const claim of claims) em.remove(claim);
    await em.flush();
    return { core_tenant_domains: claims.length };
  }
}
