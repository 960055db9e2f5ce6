import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';
import { DnsDomainVerifier, type DomainVerifier } from './domain-verifier.js';

/** How tenants prove that a domain is theirs. */
export class TenantDomainsOptions {
  /** What the name of the TXT record begins with, before the domain itself. */
  readonly recordPrefix: string = '_tenant-challenge';
  /**
   * How long a verification counts: domains whose record was not seen for so many days are looked up again, by a job that runs every
   * hour. 0 never asks again.
   */
  readonly reverifyAfterDays: number = 30;
  /** For how many days the record may be missing, and DNS say so, before the domain is taken from its tenant. */
  readonly graceDays: number = 7;
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
  assertWholeOption('tenantDomains.reverifyAfterDays', options.reverifyAfterDays, 0);
  assertWholeOption('tenantDomains.graceDays', options.graceDays, 0);
  return options;
}
