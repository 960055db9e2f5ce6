import { TenantProvisioning, TenantProvisioningStep } from './provisioning/provisioning.entities.js';
import { WarmTenant } from './warm-pool/warm-tenant.entity.js';

/** What the making of tenants' places keeps its books in. */
export const tenantDatabaseEntities = [TenantProvisioning, TenantProvisioningStep, WarmTenant] as const;
