import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { TenantCatalog } from '../../tenants/index.js';
import { Membership } from '../membership.entity.js';
import { SeatLimitReachedError } from '../memberships.errors.js';
import { SEAT_LIMITS, type SeatLimits } from './seat-limits.js';

/** The seats of tenants: each active membership takes one, that of a deactivated user too. */
@Injectable()
export class Seats {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(SEAT_LIMITS) private readonly limits: SeatLimits,
  ) {}

  /** Under the tenant's lock, before one more is taken. @throws SeatLimitReachedError */
  async assertFree(tenant: TenantCatalog): Promise<void> {
    const limit = await this.limits.limitOf(tenant);
    if (limit === undefined) return;
    const used = await this.unitOfWork.em.count(Membership, { tenant: tenant.id, isActive: true });
    if (used >= limit) throw new SeatLimitReachedError(tenant.id, limit);
  }
}
