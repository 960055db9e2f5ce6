import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, UnitOfWork } from '../database/index.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { type JobStatus, SystemJob } from './system-job.entity.js';

/** A job that this process may run, until its lease lapses. */
export interface ClaimedJob {
  readonly id: string;
  readonly claimToken: number;
}

/**
 * The queue's protocol on `sys_jobs`. A claim raises the token; renewing, completing and failing require it, so that a worker
 * that lost its job to another changes nothing. Leases are judged by the database's clock, never by that of a machine.
 */
@Injectable()
export class JobClaims {
  private readonly claimSql: (types: number) => string;
  private readonly renewSql: string;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
    @Inject(DATABASE_SETTINGS) settings: DatabaseSettings,
  ) {
    const { now, nowPlusMs, skipLocked } = dialectOf(settings.type);
    // MATERIALIZED: inlined, the planner might evaluate the limited select more than once and claim more than one row.
    this.claimSql = (types) => `
      with next as materialized (
        select id as next_id from sys_jobs
        where job_type in (${Array.from({ length: types }, () => '?').join(', ')})
          and (status = 'pending' or (status = 'running' and lease_expires_at < ${now}))
        order by id limit 1 ${skipLocked}
      )
      update sys_jobs set status = 'running', claim_token = claim_token + 1, lease_expires_at = ${nowPlusMs}
      from next where id = next_id
      returning id, job_type, tenant_id, payload, claim_token`;
    this.renewSql = `
      update sys_jobs set lease_expires_at = ${nowPlusMs}
      where id = ? and claim_token = ? and status = 'running'`;
  }

  /** Takes the oldest pending job of these types, or one whose worker died; undefined when there is none. */
  async claimNext(types: readonly string[]): Promise<SystemJob | undefined> {
    if (types.length === 0) return undefined;
    return this.unitOfWork.run(async (em) => {
      const [row] = await em.execute(this.claimSql(types.length), [...types, this.options.leaseMs]);
      return row && em.map(SystemJob, row);
    });
  }

  /** Keeps the claim for another lease. */
  async renew({ id, claimToken }: ClaimedJob): Promise<void> {
    await this.unitOfWork.run((em) => em.execute(this.renewSql, [this.options.leaseMs, id, claimToken], 'run'));
  }

  /** Ends the job; false when the claim had been lost, and then nothing was changed. */
  async finish(
    { id, claimToken }: ClaimedJob,
    status: Extract<JobStatus, 'completed' | 'failed'>,
    errorLog?: string,
  ): Promise<boolean> {
    const changed = await this.unitOfWork.run((em) =>
      em.nativeUpdate(
        SystemJob,
        { id, claimToken, status: 'running' },
        { status, errorLog: errorLog ?? null, leaseExpiresAt: null, completedAt: this.clock.now() },
      ),
    );
    return changed === 1;
  }
}
