import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { KeyRotation, PasswordRotation, TenantAddresses, TenantSecrets, TenantServerUsers } from './secrets/index.js';
import { TenantRequests } from './requests/tenant-requests.js';
import { TenantActivation } from './tenant-activation.js';
import { TenantProvisioners } from './tenant-provisioner.js';
import { auditTenants } from './tenants.audit.js';
import { tenantAuditEvents } from './tenants.audit-events.js';
import { TenantEvents } from './tenants.events.js';
import { TenantsService } from './tenants.service.js';

/** Which tenants are there, and in which state? */
@Global()
@Module({
  providers: [
    TenantsService,
    TenantEvents,
    TenantActivation,
    TenantRequests,
    TenantProvisioners,
    TenantAddresses,
    TenantSecrets,
    KeyRotation,
    PasswordRotation,
    TenantServerUsers,
  ],
  exports: [TenantsService, TenantEvents, TenantProvisioners, TenantAddresses, TenantSecrets, TenantServerUsers],
})
export class TenantsModule {
  constructor(audited: AuditedEntities, catalogue: AuditCatalogue) {
    auditTenants(audited);
    catalogue.add(tenantAuditEvents);
  }
}
