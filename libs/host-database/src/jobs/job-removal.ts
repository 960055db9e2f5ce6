import { Injectable } from '@nestjs/common';
import { assertId } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { JobSchedule } from './schedules/index.js';
import { JobSignals } from './signals/index.js';
import { JobStore } from './store/index.js';
import { LIVE_JOB_STATUSES, SystemJob } from './system-job.entity.js';

/** How much of the queue is a tenant's. */
export interface TenantJobCounts {
  readonly jobs: number;
  readonly schedules: number;
}

/** Ends the work of a tenant that is deleted: neither its jobs nor its schedules outlive it. */
@Injectable()
export class JobRemoval {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly store: JobStore,
    private readonly signals: JobSignals,
  ) {}

  async count(tenantId: string): Promise<TenantJobCounts> {
    const { em } = this.unitOfWork;
    const [jobs, schedules] = [await em.count(SystemJob, { tenantId }), await em.count(JobSchedule, { tenantId })];
    return { jobs, schedules };
  }

  /**
   * Removes the schedules of a tenant and all of its jobs, in the caller's transaction; those that run are asked to end within a second
   * of the commit, and nothing that they still do is recorded.
   *
   * @throws InvalidIdError
   */
  async remove(tenantId: string): Promise<TenantJobCounts> {
    assertId(tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      // First, so that there are no more jobs from them.
      const schedules = await em.nativeDelete(JobSchedule, { tenantId });
      const live = await em.find(
        SystemJob,
        { tenantId, status: { $in: [...LIVE_JOB_STATUSES] } },
        { fields: ['id'], disableIdentityMap: true },
      );
      const cancelled = await this.store.cancel(
        em,
        live.map(({ id }) => id),
      );
      const jobs = await em.nativeDelete(SystemJob, { tenantId });
      const queues = [...new Set(cancelled.map(({ queue }) => queue))];
      const running = cancelled.filter(({ wasRunning }) => wasRunning).map(({ id }) => id);
      this.unitOfWork.afterCommit(() => {
        if (queues.length > 0) this.signals.send({ queues, cancelled: running, hasScheduled: true });
      });
      return { jobs, schedules };
    });
  }
}
