import { LockMode } from '@mikro-orm/core';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { JOBS_OPTIONS, type JobsOptions, JobsService, LIVE_JOB_STATUSES } from '../../jobs/index.js';
import { PROVISION_TENANT_JOB } from '../../tenants/index.js';
import { WarmPoolKeeper } from '../warm-pool/warm-pool.keeper.js';
import { WarmPool } from '../warm-pool/warm-pool.js';
import { TenantProvisioning } from './provisioning.entities.js';

const EVERY_MS = 60_000;
const LIVE = LIVE_JOB_STATUSES.map((status) => `'${status}'`).join(', ');
const REASON = 'its job ended before it did: it was cancelled, or killed too many workers';

/**
 * Finds provisionings that nobody works on any more, since their jobs were cancelled, or taken for what kills workers: they are undone, so
 * that no tenant stays in between. Looks when a worker starts, and once a minute.
 */
@Injectable()
export class ProvisioningRescue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('TenantDatabases');
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobsService,
    private readonly warmPool: WarmPool,
    private readonly keeper: WarmPoolKeeper,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.worker) return;
    this.look();
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Enqueues the undoing of what was left, and returns how many that are. */
  async rescue(): Promise<number> {
    const { em } = this.unitOfWork;
    const left = await em.execute<{ tenant_id: string }[]>(
      `select p.tenant_id from sys_tenant_provisionings p left join sys_jobs j on j.id = p.job_id
        where p.state in ('pending', 'running', 'compensating') and (j.id is null or j.status not in (${LIVE}))`,
    );
    let count = 0;
    for (const { tenant_id: tenantId } of left) if (await this.undo(tenantId)) count++;
    return count;
  }

  private look(): void {
    this.looking = this.looking
      .then(() =>
        this.unitOfWork.run(async () => {
          const count = await this.rescue();
          if (count > 0) this.logger.warn(`${count} provisionings had lost their jobs and are undone.`);
          await this.keeper.askForTending();
        }),
      )
      .catch((error: unknown) => this.logger.warn(`Lost provisionings could not be looked for: ${String(error)}`));
  }

  private async undo(tenantId: string): Promise<boolean> {
    return this.unitOfWork.transactional(async (em) => {
      const lock = { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE, refresh: true } as const;
      const row = await em.findOne(TenantProvisioning, { tenantId }, lock);
      if (!row || row.state === 'succeeded' || row.state === 'failed') return false;
      // Enqueued anew, or found by another process, meanwhile.
      const [live] = await em.execute(`select 1 from sys_jobs where id = ? and status in (${LIVE})`, [row.jobId ?? '']);
      if (live) return false;
      if (row.state !== 'compensating')
        Object.assign(row, { state: 'compensating', failedStep: row.failedStep ?? 'activate', reason: row.reason ?? REASON });
      row.run++;
      if (row.isWarm) await this.warmPool.enqueue(row);
      else {
        const options = { tenantId, uniqueKey: `run-${row.run}` };
        row.jobId = (await this.jobs.enqueue(PROVISION_TENANT_JOB, { tenantId }, options)).id;
      }
      await em.flush();
      return true;
    });
  }
}
