import { auditEntities } from './audit/index.js';
import { PricingPlan, Subscription } from './billing/index.js';
import { jobEntities } from './jobs/index.js';
import { Membership } from './memberships/index.js';
import { TenantCatalog } from './tenants/index.js';
import { GlobalUser } from './users/index.js';

/** The entities of every host database: the seven, and what the log and the queue keep their books in. */
export const hostEntities = [
  GlobalUser,
  TenantCatalog,
  Membership,
  Subscription,
  PricingPlan,
  ...auditEntities,
  ...jobEntities,
] as const;
