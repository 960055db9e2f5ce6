import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, JobsService, ScheduledJob, Snooze } from '../../jobs/index.js';
import { DELETE_TENANT_JOB, TenantCatalog } from '../../tenants/index.js';
import { TenantPurge } from './tenant-purge.js';

const SIX_HOURS_MS = 6 * 3_600_000;
const A_MONTH_MS = 30 * 86_400_000;
/** How many overdue ones a sweep takes up; the next one takes the others. */
const SWEEP_LIMIT = 500;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenants.sweep-deletions': null;
  }
}

/** Removes the data of tenants whose time is over. */
@Injectable()
export class TenantDeletionJobs {
  constructor(private readonly purge: TenantPurge) {}

  /** A month in which nothing helps, it gives up; the sweep takes it up again. */
  @JobHandler(DELETE_TENANT_JOB, {
    runsFor: 'host',
    timeoutMs: SIX_HOURS_MS,
    retry: { maxAttempts: 30, delayMs: 10_000, maxDelayMs: 3_600_000 },
  })
  async delete({ payload: { tenantId }, signal }: JobRun<typeof DELETE_TENANT_JOB>): Promise<void> {
    const earlyMs = await this.purge.run(tenantId, signal);
    if (earlyMs > 0) throw new Snooze(Math.min(earlyMs, A_MONTH_MS));
  }
}

/** Finds tenants whose time is over and whose job was lost, or has given up. There is one where there are tenant entities. */
@Injectable()
export class TenantDeletionSweep {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobsService,
    private readonly clock: Clock,
  ) {}

  @ScheduledJob('*/10 * * * *')
  @JobHandler('tenants.sweep-deletions', { runsFor: 'host' })
  async sweep(): Promise<void> {
    const overdue = await this.unitOfWork.em.find(
      TenantCatalog,
      { status: 'pending_deletion', deleteAfter: { $lte: this.clock.now() } },
      { fields: ['id'], orderBy: { deleteAfter: 'asc', id: 'asc' }, limit: SWEEP_LIMIT, disableIdentityMap: true },
    );
    const items = overdue.map(({ id }) => ({ payload: { tenantId: id }, uniqueKey: id }));
    if (items.length > 0) await this.jobs.enqueueMany(DELETE_TENANT_JOB, items);
  }
}
