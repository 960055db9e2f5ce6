import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { KeyRotation, PasswordRotation, TenantAddresses, TenantSecrets, TenantServerUsers } from './secrets/index.js';
import { TenantDirectory, tenantChangesProvider, TenantReader } from './catalog-cache/index.js';
import { DomainVerifier, TENANT_DOMAINS_OPTIONS, TenantDomains, type TenantDomainsOptions } from './domains/index.js';
import { TenantActivation } from './tenant-activation.js';
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
    TenantAddresses,
    TenantSecrets,
    KeyRotation,
    PasswordRotation,
    TenantServerUsers,
    TenantDirectory,
    TenantReader,
    tenantChangesProvider,
    TenantDomains,
    {
      provide: DomainVerifier,
      inject: [TENANT_DOMAINS_OPTIONS],
      useFactory: ({ verifier }: TenantDomainsOptions) => verifier,
    },
  ],
  exports: [TenantsService, TenantEvents, TenantAddresses, TenantSecrets, TenantServerUsers, TenantDirectory, TenantDomains],
})
export class TenantsModule {
  constructor(audited: AuditedEntities, catalogue: AuditCatalogue) {
    auditTenants(audited);
    catalogue.add(tenantAuditEvents);
  }
}
