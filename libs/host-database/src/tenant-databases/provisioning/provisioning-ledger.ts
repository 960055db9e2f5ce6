import { LockMode } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { Snooze } from '../../jobs/index.js';
import { type StepResult, TenantProvisioning, TenantProvisioningStep, type WantedPlace } from './provisioning.entities.js';

/** How long a process waits for another that holds the provisioning at this moment. */
const HELD_RETRY_MS = 500;

/** Another process has taken the provisioning up: whoever gets this leaves everything to it. */
export class ProvisioningLostError extends Error {
  override readonly name = 'ProvisioningLostError';
}

/** What one process knows of a provisioning that it has taken up. */
export interface ProvisioningRun {
  readonly tenantId: string;
  readonly token: number;
  readonly isWarm: boolean;
  readonly ownerId: string | undefined;
  readonly wanted: WantedPlace;
  readonly isCompensating: boolean;
  readonly failedStep: string | undefined;
  readonly reason: string | undefined;
  /** What is recorded of the steps, by their names. */
  readonly steps: ReadonlyMap<string, RecordedStep>;
}

type RecordedStep = Pick<TenantProvisioningStep, 'status' | 'attempts' | 'compensations' | 'result'>;
type StepFacts = Partial<
  Pick<TenantProvisioningStep, 'status' | 'result' | 'error' | 'finishedAt' | 'attempts' | 'compensations'>
>;

/**
 * The durable record of provisionings, and their fence: whoever takes one up raises its token, and all that is recorded afterwards is
 * recorded under a lock on its row by who has the newest. A process that was paused and taken for dead finds its token outdated.
 */
@Injectable()
export class ProvisioningLedger {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Takes a provisioning up; undefined where it is over or there is none. @throws Snooze while another process holds it */
  async takeOver(tenantId: string): Promise<ProvisioningRun | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      const row = await this.lock(em, tenantId);
      if (!row || row.state === 'succeeded' || row.state === 'failed') return undefined;
      row.token++;
      if (row.state === 'pending') row.state = 'running';
      const steps = await em.find(TenantProvisioningStep, { tenantId }, { refresh: true });
      await em.flush();
      return {
        tenantId,
        token: row.token,
        isWarm: row.isWarm,
        ownerId: row.ownerId ?? undefined,
        wanted: row.wanted ?? {},
        isCompensating: row.state === 'compensating',
        failedStep: row.failedStep ?? undefined,
        reason: row.reason ?? undefined,
        steps: new Map(
          steps.map(({ step, status, attempts, compensations, result }) => [step, { status, attempts, compensations, result }]),
        ),
      };
    });
  }

  /**
   * Does something in a transaction that only the newest process gets into, and nobody else meanwhile.
   *
   * @throws ProvisioningLostError, Snooze
   */
  async within<T>(run: ProvisioningRun, work: (row: TenantProvisioning, em: SqlEntityManager) => Promise<T>): Promise<T> {
    return this.unitOfWork.transactional(async (em) => {
      const row = await this.lock(em, run.tenantId);
      if (row?.token !== run.token) throw new ProvisioningLostError();
      const result = await work(row, em);
      await em.flush();
      return result;
    });
  }

  /** Notes what has become of a step, as part of the transaction that is open here. */
  async note(run: ProvisioningRun, step: string, facts: StepFacts): Promise<void> {
    const { em } = this.unitOfWork;
    const row =
      (await em.findOne(TenantProvisioningStep, { tenantId: run.tenantId, step })) ??
      em.create(TenantProvisioningStep, { tenantId: run.tenantId, step, startedAt: this.clock.now() });
    em.assign(row, facts);
    const { status, attempts, compensations, result } = row;
    (run.steps as Map<string, RecordedStep>).set(step, { status, attempts, compensations, result });
  }

  /** Notes that a step has begun. */
  async noteBegin(run: ProvisioningRun, step: string): Promise<void> {
    const attempts = (run.steps.get(step)?.attempts ?? 0) + 1;
    await this.note(run, step, { status: 'running', attempts, finishedAt: null });
  }

  /** Notes that a step is done. */
  async noteDone(run: ProvisioningRun, step: string, result: StepResult | undefined): Promise<void> {
    await this.note(run, step, { status: 'done', result: result ?? null, error: null, finishedAt: this.clock.now() });
  }

  private async lock(em: SqlEntityManager, tenantId: string): Promise<TenantProvisioning | null> {
    const where = { tenantId };
    const row = await em.findOne(TenantProvisioning, where, { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE, refresh: true });
    // One that is there but locked was passed over.
    if (!row && (await em.count(TenantProvisioning, where)) > 0) throw new Snooze(HELD_RETRY_MS);
    return row;
  }
}
