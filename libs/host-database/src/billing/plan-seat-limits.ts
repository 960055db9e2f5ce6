import { Injectable } from '@nestjs/common';
import type { SeatLimits } from '../memberships/index.js';
import type { TenantCatalog } from '../tenants/index.js';
import { Entitlements } from './entitlements/index.js';
import { PlansService } from './plans.service.js';

/** The limit of a plan that counts members. */
const SEATS = 'seats';

/**
 * As many seats as what the tenant has bought includes (`limits.seats`), or its trial, also while a payment is missing; where it has neither, as
 * many as the plan that its catalogue entry names. No limit where there is no such plan, or it says nothing.
 */
@Injectable()
export class PlanSeatLimits implements SeatLimits {
  constructor(
    private readonly plans: PlansService,
    private readonly entitlements: Entitlements,
  ) {}

  async limitOf({ id, planTier }: TenantCatalog): Promise<number | undefined> {
    const held = await this.entitlements.readHeld(id);
    if (held) return held.limits[SEATS];
    const plan = await this.plans.findById(planTier);
    return plan?.limits?.[SEATS];
  }
}
