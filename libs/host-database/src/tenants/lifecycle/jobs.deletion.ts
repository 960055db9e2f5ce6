import { Injectable } from '@nestjs/common';
import { JobRemoval, type TenantJobCounts } from '../../jobs/index.js';
import type { DeletionCounts, TenantDeletionPart } from './tenant-deletion-parts.js';

/** The jobs and the schedules of a tenant that is deleted. */
@Injectable()
export class JobsDeletion implements TenantDeletionPart {
  readonly name = 'jobs';

  constructor(private readonly jobs: JobRemoval) {}

  async count(tenantId: string): Promise<DeletionCounts> {
    return byTable(await this.jobs.count(tenantId));
  }

  async remove(tenantId: string): Promise<DeletionCounts> {
    return byTable(await this.jobs.remove(tenantId));
  }
}

function byTable({ jobs, schedules }: TenantJobCounts): DeletionCounts {
  return { sys_jobs: jobs, sys_job_schedules: schedules };
}
