import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, UnitOfWork } from '../../database/index.js';
import { TenantCatalog, type TenantStatus } from '../../tenants/index.js';
import type { ProvisioningWork } from './provisioning-work.js';

/** In these nobody has opened the tenant, or nothing is left of it. */
const WITHOUT_LIFE: ReadonlySet<TenantStatus> = new Set(['provisioning', 'deleted']);

/** Which places must not be taken back, for their tenants were opened there: by an application, or by a commit whose answer was lost. */
@Injectable()
export class LivedInPlaces {
  constructor(
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Locks the tenant's row, in the caller's transaction: until that ends nobody opens the tenant there. */
  async has({ tenantId, place, run }: ProvisioningWork): Promise<boolean> {
    if (!place || run.isWarm) return false;
    const hash = this.hostSettings.forTenant(place.address, {}).toAddressHash();
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
    const tenant = await this.unitOfWork.em.findOne(TenantCatalog, { id: tenantId }, lock);
    return tenant?.dbUrlHash === hash && !WITHOUT_LIFE.has(tenant.status);
  }
}
