import type { TenantCatalog } from '../../tenants/index.js';

/** Injection token of {@link SeatLimits}. The room of the plans provides it. */
export const SEAT_LIMITS = Symbol('nestjs-host-database:seat-limits');

/** How many members a tenant may have. */
export interface SeatLimits {
  /** Asked under the lock of the tenant, whose facts are fresh. Undefined: as many as it likes. */
  limitOf(tenant: TenantCatalog): Promise<number | undefined>;
}
