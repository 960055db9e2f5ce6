import { LockMode } from '@mikro-orm/core';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, JobsService, type RetryPolicy } from '../../jobs/index.js';
import {
  type PlaceRequest,
  PROVISION_TENANT_JOB,
  type ReadyPlace,
  type TenantProvisioner,
  TenantProvisioners,
  type TenantToProvision,
} from '../../tenants/index.js';
import { TenantChangeCapture } from '../audit-outbox/tenant-change-capture.js';
import { PREPARE_WARM_JOB, WarmPool } from '../warm-pool/warm-pool.js';
import { TenantProvisioning, TenantProvisioningStep } from './provisioning.entities.js';
import { TenantProvisioningFailedError } from './provisioning.errors.js';
import { ProvisioningPlan } from './provisioning-plan.js';
import { ProvisioningSaga } from './provisioning-saga.js';

/** The saga itself counts what has failed. What is undone is tried for as long as it takes. */
const RETRY: RetryPolicy = {
  maxAttempts: 1_000,
  maxDelayMs: 300_000,
  shouldRetry: (error) => !(error instanceof TenantProvisioningFailedError),
};

/** Has tenants provisioned: the job, and what is noted with the transaction that registers a tenant. */
@Injectable()
export class TenantProvisioningJob implements TenantProvisioner, OnModuleInit {
  constructor(
    private readonly saga: ProvisioningSaga,
    private readonly plan: ProvisioningPlan,
    private readonly warmPool: WarmPool,
    private readonly jobs: JobsService,
    private readonly audit: AuditService,
    private readonly capture: TenantChangeCapture,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly provisioners: TenantProvisioners,
  ) {}

  onModuleInit(): void {
    this.provisioners.use(this);
  }

  // Not in the tenant's database: it is what is made here.
  @JobHandler(PROVISION_TENANT_JOB, { runsFor: 'host', retry: RETRY })
  async provision({ payload, signal }: JobRun<typeof PROVISION_TENANT_JOB>): Promise<void> {
    await this.saga.run(payload.tenantId, signal);
  }

  @JobHandler(PREPARE_WARM_JOB, { runsFor: 'host', retry: RETRY })
  async prepareWarm({ payload, signal }: JobRun<typeof PREPARE_WARM_JOB>): Promise<void> {
    await this.saga.run(payload.tenantId, signal);
  }

  async claimPlace({ ownerId, placement }: PlaceRequest): Promise<ReadyPlace | undefined> {
    // It is ready where the pool was to have it, and nowhere else.
    if (placement) return undefined;
    const place = await this.warmPool.claim();
    return place && { ...place, isComplete: this.plan.stepsAfterWarm(ownerId).length === 0 };
  }

  async begin({ tenant: { id: tenantId }, ownerId, place, placement }: TenantToProvision): Promise<void> {
    const { em } = this.unitOfWork;
    const now = this.clock.now();
    if (!place) {
      await this.enqueue(
        em.create(TenantProvisioning, {
          tenantId,
          ownerId: ownerId ?? null,
          wanted: placement ? { ...placement } : null,
          createdAt: now,
        }),
      );
      return;
    }
    const provisioning = await em.findOneOrFail(TenantProvisioning, { tenantId }, { refresh: true });
    Object.assign(provisioning, { isWarm: false, ownerId: ownerId ?? null });
    const user = await em.findOne(TenantProvisioningStep, { tenantId, step: 'create-user' }, { refresh: true });
    if (place.isComplete) {
      // The catalogue has the address now, and there it is kept up.
      if (user) user.result = null;
      await em.flush();
      await this.audit.record({ eventType: 'tenants.provisioned', targetId: tenantId, details: { isWarm: true } });
      await this.capture.relayOnceOpen(tenantId);
      return;
    }
    if (user) user.result = { dbUrl: place.dbUrl };
    Object.assign(provisioning, { state: 'pending', run: provisioning.run + 1, endedAt: null });
    await this.enqueue(provisioning);
  }

  async restart<T>(tenantId: string, change: () => Promise<T>): Promise<T> {
    const { em } = this.unitOfWork;
    await em.flush();
    // Before the tenant's row, in the order of those who end a provisioning.
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
    const former = await em.findOne(TenantProvisioning, { tenantId }, lock);
    const changed = await change();
    const provisioning = former ?? em.create(TenantProvisioning, { tenantId, createdAt: this.clock.now() });
    provisioning.run++;
    provisioning.failures = 0;
    if (provisioning.state === 'failed' || provisioning.state === 'succeeded') {
      Object.assign(provisioning, { state: 'pending', failedStep: null, reason: null, endedAt: null });
      await em.nativeDelete(TenantProvisioningStep, { tenantId });
    }
    await this.enqueue(provisioning);
    return changed;
  }

  private async enqueue(provisioning: TenantProvisioning): Promise<void> {
    const { tenantId, run } = provisioning;
    const job = await this.jobs.enqueue(PROVISION_TENANT_JOB, { tenantId }, { tenantId, uniqueKey: `run-${run ?? 1}` });
    provisioning.jobId = job.id;
    await this.unitOfWork.em.flush();
  }
}
