import type { FactoryProvider } from '@nestjs/common';
import { JobHandler, type JobRun, ScheduledJob } from '../../jobs/index.js';
import { DomainReverification, type ReverifiedDomains } from './domain-reverification.js';
import { TENANT_DOMAINS_OPTIONS, type TenantDomainsOptions } from './tenant-domains.options.js';

/** More than the slowest name servers take for all that one run looks up. */
const TIMEOUT_MS = 15 * 60_000;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenants.reverify-domains': null;
  }
}

/** Looks up verified domains again, every hour, once over all processes. */
export class DomainReverificationJobs {
  constructor(private readonly reverification: DomainReverification) {}

  @ScheduledJob('20 * * * *')
  @JobHandler('tenants.reverify-domains', { runsFor: 'host', timeoutMs: TIMEOUT_MS })
  async reverify({ signal }: JobRun<'tenants.reverify-domains'>): Promise<ReverifiedDomains> {
    return this.reverification.run(signal);
  }
}

/** Where a verification counts for ever there is nothing to look up. */
export const domainReverificationJobs: FactoryProvider<DomainReverificationJobs | null> = {
  provide: DomainReverificationJobs,
  inject: [TENANT_DOMAINS_OPTIONS, DomainReverification],
  useFactory: ({ reverifyAfterDays }: TenantDomainsOptions, reverification: DomainReverification) =>
    reverifyAfterDays > 0 ? new DomainReverificationJobs(reverification) : null,
};
