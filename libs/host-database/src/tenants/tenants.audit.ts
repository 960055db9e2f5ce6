import type { AuditedEntities } from '../audit/index.js';
import { TenantDomain } from './domains/index.js';
import { TenantCatalog } from './tenant-catalog.entity.js';

/** Has the changes of tenants recorded. */
export function auditTenants(audited: AuditedEntities): void {
  // The address of a database may hold credentials that the application has put there.
  audited.register(TenantCatalog, { name: 'tenants', secret: ['dbUrl'], tenant: 'id' });
  // When it was asked about is told by nobody's doing.
  audited.register(TenantDomain, { name: 'tenant-domains', tenant: 'tenant', except: ['lastVerifiedAt', 'lastCheckedAt'] });
}
