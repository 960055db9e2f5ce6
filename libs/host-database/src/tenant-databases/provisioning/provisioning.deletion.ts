import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { type DeletionCounts, type TenantDeletionPart, TenantDeletionParts, TenantRequest } from '../../tenants/index.js';
import { TenantProvisioning, TenantProvisioningStep } from './provisioning.entities.js';

/**
 * What is recorded of the provisioning of a tenant that is deleted, and of the request for it. One that is under way is undone first, by who
 * works on it or finds it lost, and its record goes with its end.
 */
@Injectable()
export class ProvisioningDeletion implements TenantDeletionPart {
  readonly name = 'provisioning';

  constructor(
    private readonly unitOfWork: UnitOfWork,
    parts: TenantDeletionParts,
  ) {
    parts.add(this);
  }

  async count(tenantId: string): Promise<DeletionCounts> {
    const { em } = this.unitOfWork;
    const provisionings = await em.count(TenantProvisioning, overOf(tenantId));
    return {
      sys_tenant_provisionings: provisionings,
      sys_tenant_provisioning_steps: provisionings === 0 ? 0 : await em.count(TenantProvisioningStep, { tenantId }),
      sys_tenant_requests: await em.count(TenantRequest, { tenantId }),
    };
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    const { em } = this.unitOfWork;
    // Nobody takes up again what is over: a tenant that is to be deleted is not provisioned anew.
    const provisionings = await em.nativeDelete(TenantProvisioning, overOf(tenantId));
    return {
      sys_tenant_provisionings: provisionings,
      sys_tenant_provisioning_steps: provisionings === 0 ? 0 : await em.nativeDelete(TenantProvisioningStep, { tenantId }),
      sys_tenant_requests: await em.nativeDelete(TenantRequest, { tenantId }),
    };
  }
}

function overOf(tenantId: string) {
  return { tenantId, state: { $in: ['succeeded' as const, 'failed' as const] } };
}
