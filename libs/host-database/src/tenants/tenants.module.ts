import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import {
  JobsDeletion,
  TenantDeletionParts,
  TenantDeletionRequests,
  TenantGuardsCheck,
  TenantLifecycle,
  TenantStatusWriter,
} from './lifecycle/index.js';
import {
  KeyRotation,
  PasswordRotation,
  SealedAddressHolders,
  TenantAddresses,
  TenantSecrets,
  TenantServerUsers,
} from './secrets/index.js';
import { TenantDirectory, tenantChangesProvider, TenantReader } from './catalog-cache/index.js';
import {
  DomainLosses,
  DomainReverification,
  domainReverificationJobs,
  DomainsDeletion,
  DomainVerifier,
  TENANT_DOMAINS_OPTIONS,
  TenantDomains,
  type TenantDomainsOptions,
} from './domains/index.js';
import { TenantRequests } from './requests/tenant-requests.js';
import { TenantActivation } from './tenant-activation.js';
import { TenantProvisioners } from './tenant-provisioner.js';
import { TenantRegistration } from './tenant-registration.js';
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
    TenantRegistration,
    TenantProvisioners,
    TenantAddresses,
    TenantSecrets,
    KeyRotation,
    SealedAddressHolders,
    PasswordRotation,
    TenantGuardsCheck,
    TenantStatusWriter,
    TenantLifecycle,
    TenantDeletionRequests,
    TenantDeletionParts,
    JobsDeletion,
    TenantServerUsers,
    TenantDirectory,
    TenantReader,
    tenantChangesProvider,
    TenantDomains,
    DomainLosses,
    DomainReverification,
    domainReverificationJobs,
    DomainsDeletion,
    {
      provide: DomainVerifier,
      inject: [TENANT_DOMAINS_OPTIONS],
      useFactory: ({ verifier }: TenantDomainsOptions) => verifier,
    },
  ],
  exports: [
    TenantsService,
    TenantEvents,
    TenantProvisioners,
    TenantAddresses,
    TenantSecrets,
    SealedAddressHolders,
    TenantServerUsers,
    TenantDirectory,
    TenantDomains,
    DomainReverification,
    TenantStatusWriter,
    TenantDeletionParts,
  ],
})
export class TenantsModule {
  constructor(
    audited: AuditedEntities,
    catalogue: AuditCatalogue,
    deletions: TenantDeletionParts,
    jobs: JobsDeletion,
    domains: DomainsDeletion,
  ) {
    auditTenants(audited);
    catalogue.add(tenantAuditEvents);
    deletions.add(jobs);
    deletions.add(domains);
  }
}
