import type { FactoryProvider } from '@nestjs/common';
import { AUDIT_OPTIONS, type AuditOptions } from '../../audit/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, JobsService, ScheduledJob } from '../../jobs/index.js';
import { TenantCatalog, TenantNotActiveError, TenantNotFoundError } from '../../tenants/index.js';
import { RELAY_JOB, RELAY_KEY } from './outbox-recovery.js';
import { TenantAuditRelay } from './tenant-audit-relay.js';

const SWEEP_JOB = 'tenant-databases.sweep-audit-rows';
const TENANTS_AT_ONCE = 500;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenant-databases.sweep-audit-rows': null;
  }
}

/** Moves audit rows that a process has left in the database of a tenant. There is one only where tenant entities are audited. */
export class TenantAuditRelayJobs {
  constructor(
    private readonly relay: TenantAuditRelay,
    private readonly jobs: JobsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Moves those of one tenant; those of one that cannot be entered wait for the sweep of a night when it can. */
  @JobHandler(RELAY_JOB, { runsFor: 'host' })
  async relayRows({ tenantId }: JobRun<typeof RELAY_JOB>): Promise<{ readonly moved: number }> {
    if (tenantId === undefined) return { moved: 0 };
    try {
      return { moved: await this.relay.relay(tenantId) };
    } catch (error) {
      if (error instanceof TenantNotActiveError || error instanceof TenantNotFoundError) return { moved: 0 };
      throw error;
    }
  }

  /** Has a job look into the database of each active tenant, every night, once over all processes. */
  @JobHandler(SWEEP_JOB, { runsFor: 'host' })
  @ScheduledJob('0 3 * * *')
  async sweep(): Promise<{ readonly tenants: number }> {
    let tenants = 0;
    for (let after = ''; ;) {
      const ids = await this.activeTenants(after);
      if (ids.length === 0) return { tenants };
      await this.jobs.enqueueMany(
        RELAY_JOB,
        ids.map((tenantId) => ({ payload: null, tenantId, uniqueKey: RELAY_KEY })),
      );
      tenants += ids.length;
      after = ids.at(-1) as string;
    }
  }

  private async activeTenants(after: string): Promise<string[]> {
    const where = { id: { $gt: after }, isActive: true };
    const { em } = this.unitOfWork;
    const found = await em.find(TenantCatalog, where, {
      fields: ['id'],
      orderBy: { id: 'asc' },
      limit: TENANTS_AT_ONCE,
      disableIdentityMap: true,
    });
    return found.map(({ id }) => id);
  }
}

/** Without audited tenant entities there is nothing to move. */
export const tenantAuditRelayJobs: FactoryProvider<TenantAuditRelayJobs | null> = {
  provide: TenantAuditRelayJobs,
  inject: [AUDIT_OPTIONS, TenantAuditRelay, JobsService, UnitOfWork],
  useFactory: ({ tenantEntities }: AuditOptions, relay: TenantAuditRelay, jobs: JobsService, unitOfWork: UnitOfWork) =>
    tenantEntities.length > 0 ? new TenantAuditRelayJobs(relay, jobs, unitOfWork) : null,
};
