import { TENANT_TRANSITIONS } from '../../database/index.js';
import type { TenantStatus } from '../tenant-catalog.entity.js';

/** Into which statuses a tenant can go from each one, as the triggers of the database say, too. */
const TRANSITIONS: Readonly<Record<TenantStatus, readonly TenantStatus[]>> = TENANT_TRANSITIONS;

/** Whether a tenant can go from one status to another. */
export function canBecome(from: TenantStatus, to: TenantStatus): boolean {
  return TRANSITIONS[from].includes(to);
}
