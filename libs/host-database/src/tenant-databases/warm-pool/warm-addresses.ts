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
import { WarmTenant } from './warm-tenant.entity.js';

/** The addresses of the places that are ready to be claimed, for a rotation of keys. */
@Injectable()
export class WarmAddresses implements SealedAddressHolder {
  constructor(
    holders: SealedAddressHolders,
    private readonly addresses: TenantAddresses,
    private readonly unitOfWork: UnitOfWork,
  ) {
    holders.add(this);
  }

  async outdated(): Promise<StoredAddress[]> {
    const places = await this.unitOfWork.run((em) => em.find(WarmTenant, { status: 'ready' }));
    return places.flatMap(({ id, dbUrl }) => (dbUrl == null || this.addresses.isCurrent(dbUrl) ? [] : [{ id, dbUrl }]));
  }

  async replace({ id, dbUrl }: StoredAddress, sealed: SealedAddress): Promise<boolean> {
    return this.unitOfWork.run(() =>
      this.unitOfWork.transactional(async (em) => {
        const place = await em.findOne(WarmTenant, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        if (place?.dbUrl !== dbUrl) return false;
        em.assign(place, sealed);
        return true;
      }),
    );
  }
}
