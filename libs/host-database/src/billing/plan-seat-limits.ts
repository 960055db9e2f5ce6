import { Injectable } from '@nestjs/common';
import type { SeatLimits } from '../memberships/index.js';
import type { TenantCatalog } from '../tenants/index.js';
import { PlansService } from './plans.service.js';

/** The limit of a plan that counts members. */
const SEATS = 'seats';

/** As many seats as the plan of the tenant includes (`limits.seats`); no limit where there is no such plan, or it says nothing. */
@Injectable()
export class PlanSeatLimits implements SeatLimits {
  constructor(private readonly plans: PlansService) {}

  async limitOf({ planTier }: TenantCatalog): Promise<number | undefined> {
    const plan = await this.plans.findById(planTier);
    return plan?.limits?.[SEATS];
  }
}
