import { InvalidOptionError, withDefaults } from '../../common/index.js';
import { DnsDomainVerifier, type DomainVerifier } from './domain-verifier.js';

/** How tenants prove that a domain is theirs. */
export class TenantDomainsOptions {
  /** What the name of the TXT record begins with, before the domain itself. */
  readonly recordPrefix: string = '_tenant-challenge';
  /** What looks into DNS. @default the name servers of the machine */
  readonly verifier: DomainVerifier = new DnsDomainVerifier();
}

/** Injection token of the {@link TenantDomainsOptions}. */
export const TENANT_DOMAINS_OPTIONS = Symbol('nestjs-host-database:tenant-domains-options');

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDomainsOptions(given: Partial<TenantDomainsOptions> | undefined): TenantDomainsOptions {
  const options = withDefaults(new TenantDomainsOptions(), given);
  if (!/^_[a-z0-9-]{1,62}$/.test(options.recordPrefix)) {
    const problem = `is '${options.recordPrefix}'. Use an underscore and up to 62 lower-case letters, digits or dashes.`;
    throw new InvalidOptionError('tenantDomains.recordPrefix', problem);
  }
  return options;
}
