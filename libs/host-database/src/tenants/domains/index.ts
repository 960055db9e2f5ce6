export { DomainLosses } from './domain-losses.js';
export { DomainReverification, type ReverifiedDomains } from './domain-reverification.js';
export { domainReverificationJobs } from './domain-reverification.jobs.js';
export { DomainsDeletion } from './domains.deletion.js';
export type { DomainRecord } from './domain-record.js';
export { DnsDomainVerifier, DomainVerifier } from './domain-verifier.js';
export { TenantDomain } from './tenant-domain.entity.js';
export {
  DomainLookupError,
  DomainNotFoundError,
  DomainNotVerifiedError,
  DomainTakenError,
  DomainVerificationInTransactionError,
} from './tenant-domains.errors.js';
export { resolveTenantDomainsOptions, TENANT_DOMAINS_OPTIONS, TenantDomainsOptions } from './tenant-domains.options.js';
export { type ClaimedDomain, TenantDomains } from './tenant-domains.service.js';
