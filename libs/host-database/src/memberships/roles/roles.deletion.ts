import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { DeletionCounts, TenantDeletionPart } from '../../tenants/index.js';
import { TenantRole } from './tenant-role.entity.js';

/** The roles that a deleted tenant has made. They go after the memberships and invitations that refer to them. */
@Injectable()
export class RolesDeletion implements TenantDeletionPart {
  readonly name = 'roles';

  constructor(private readonly unitOfWork: UnitOfWork) {}

  async count(tenantId: string): Promise<DeletionCounts> {
    return { core_roles: await this.unitOfWork.em.count(TenantRole, { tenant: tenantId }) };
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    const { em } = this.unitOfWork;
    const roles = await em.find(TenantRole, { tenant: tenantId });
    for (const role of roles) em.remove(role);
    await em.flush();
    return { core_roles: roles.length };
  }
}
