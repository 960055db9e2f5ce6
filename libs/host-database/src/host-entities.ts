import { HostAuditLog } from './audit/index.js';
import { PricingPlan, Subscription } from './billing/index.js';
import { SystemJob } from './jobs/index.js';
import { Membership } from './memberships/index.js';
import { TenantCatalog } from './tenants/index.js';
import { GlobalUser } from './users/index.js';

/** The seven entities of every host database. */
export const hostEntities = [GlobalUser, TenantCatalog, Membership, Subscription, PricingPlan, HostAuditLog, SystemJob] as const;
