import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import {
  type SealedAddress,
  type SealedAddressHolder,
  SealedAddressHolders,
  type StoredAddress,
  TenantAddresses,
} from '../../tenants/index.js';
import { OPEN_STATES, type StepResult, TenantProvisioning, TenantProvisioningStep } from './provisioning.entities.js';

const STEP = 'create-user';

/** The addresses that provisionings which are not over keep for their next steps, for a rotation of keys. */
@Injectable()
export class ProvisioningAddresses implements SealedAddressHolder {
  constructor(
    holders: SealedAddressHolders,
    private readonly addresses: TenantAddresses,
    private readonly unitOfWork: UnitOfWork,
  ) {
    holders.add(this);
  }

  async outdated(): Promise<StoredAddress[]> {
    return this.unitOfWork.run(async (em) => {
      const open = await em.find(TenantProvisioning, { state: { $in: [...OPEN_STATES] } }, { fields: ['tenantId'] });
      const tenantId = { $in: open.map((provisioning) => provisioning.tenantId) };
      const steps = await em.find(TenantProvisioningStep, { tenantId, step: STEP });
      return steps.flatMap(({ tenantId: id, result }) => {
        const dbUrl = addressIn(result);
        return dbUrl === undefined || this.addresses.isCurrent(dbUrl) ? [] : [{ id, dbUrl }];
      });
    });
  }

  /** Locks nothing but the step: whoever does it goes on afterwards. */
  async replace({ id: tenantId, dbUrl }: StoredAddress, sealed: SealedAddress): Promise<boolean> {
    return this.unitOfWork.run(() =>
      this.unitOfWork.transactional(async (em) => {
        const lock = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
        const step = await em.findOne(TenantProvisioningStep, { tenantId, step: STEP }, lock);
        if (!step || addressIn(step.result) !== dbUrl) return false;
        step.result = { ...step.result, dbUrl: sealed.dbUrl };
        return true;
      }),
    );
  }
}

function addressIn(result: StepResult | null | undefined): string | undefined {
  return typeof result?.dbUrl === 'string' ? result.dbUrl : undefined;
}
