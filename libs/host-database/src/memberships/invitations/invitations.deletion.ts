import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { DeletionCounts, TenantDeletionPart } from '../../tenants/index.js';
import { Invitation } from './invitation.entity.js';

/** The invitations of a tenant that is deleted, with the addresses that they were sent to. */
@Injectable()
export class InvitationsDeletion implements TenantDeletionPart {
  readonly name = 'invitations';

  constructor(private readonly unitOfWork: UnitOfWork) {}

  async count(tenantId: string): Promise<DeletionCounts> {
    return { core_invitations: await this.unitOfWork.em.count(Invitation, { tenant: tenantId }) };
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    return { core_invitations: await this.unitOfWork.em.nativeDelete(Invitation, { tenant: tenantId }) };
  }
}
