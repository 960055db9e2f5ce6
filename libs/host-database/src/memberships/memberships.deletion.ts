import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/index.js';
import type { DeletionCounts, TenantDeletionPart } from '../tenants/index.js';
import { Membership } from './membership.entity.js';
import { MembershipEvents } from './memberships.events.js';

const BATCH = 500;

/** The memberships of a tenant that is deleted. Each one's removal is recorded, as any change of it is. */
@Injectable()
export class MembershipsDeletion implements TenantDeletionPart {
  readonly name = 'memberships';

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: MembershipEvents,
  ) {}

  async count(tenantId: string): Promise<DeletionCounts> {
    return { core_memberships: await this.unitOfWork.em.count(Membership, { tenant: tenantId }) };
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    this.events.changed({ tenantId });
    let removed = 0;
    for (;;) {
      const batch = await this.unitOfWork.em.find(Membership, { tenant: tenantId }, { limit: BATCH, orderBy: { id: 'asc' } });
      if (batch.length === 0) return { core_memberships: removed };
      for (const membership of batch) this.unitOfWork.em.remove(membership);
      await this.unitOfWork.em.flush();
      removed += batch.length;
    }
  }
}
