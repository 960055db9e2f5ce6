import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { TenantCatalog, TenantsService } from '../../tenants/index.js';
import { TenantChangeCapture } from '../audit-outbox/tenant-change-capture.js';
import { WarmPool } from '../warm-pool/warm-pool.js';
import { LivedInPlaces } from './lived-in-places.js';
import { type TenantProvisioning, TenantProvisioningStep } from './provisioning.entities.js';
import { ProvisioningLedger, ProvisioningLostError, type ProvisioningRun } from './provisioning-ledger.js';
import type { ProvisioningWork } from './provisioning-work.js';

/** A step that could not be done. */
export interface FailedStep {
  readonly step: string;
  readonly reason: string;
}

/** How provisionings end, each in one transaction with what it means for the tenant. */
@Injectable()
export class ProvisioningEndings {
  constructor(
    private readonly ledger: ProvisioningLedger,
    private readonly tenants: TenantsService,
    private readonly warmPool: WarmPool,
    private readonly livedIn: LivedInPlaces,
    private readonly audit: AuditService,
    private readonly capture: TenantChangeCapture,
    private readonly clock: Clock,
  ) {}

  /** Opens the tenant, or the warm place for who claims it. */
  async succeed(work: ProvisioningWork): Promise<void> {
    const { run, tenantId, place, schema, madeUnder } = work;
    const address = await work.address();
    await this.ledger.within(run, async (row) => {
      const placing = { mode: place?.mode ?? 'database', server: place?.server ?? null, ...schema } as const;
      row.state = 'succeeded';
      row.endedAt = this.clock.now();
      Object.assign(row, { failures: 0, reason: null, failedStep: null });
      // The pool, or the catalogue, has it now, and there it is kept up: rotated, moved, deleted.
      if (run.steps.has('create-user')) await this.ledger.note(run, 'create-user', { result: null });
      if (run.isWarm) return this.warmPool.markReady(tenantId, { address, placing, madeUnder });
      await this.ledger.noteBegin(run, 'activate');
      await this.ledger.noteDone(run, 'activate', undefined);
      await this.tenants.activate(tenantId, address, placing);
      await this.capture.relayOnceOpen(tenantId);
      await this.audit.record({ eventType: 'tenants.provisioned', targetId: tenantId, details: { isWarm: false } });
    });
  }

  /** Notes a failed attempt and returns how many there were. @throws ProvisioningLostError where it has succeeded all the same */
  async noteFailure(run: ProvisioningRun, { step, reason }: FailedStep): Promise<number> {
    return this.ledger.within(run, async (row) => {
      assertNotSucceeded(row);
      row.failures++;
      row.reason = reason;
      row.failedStep = step;
      const attempts = Math.max(1, run.steps.get(step)?.attempts ?? 0);
      await this.ledger.note(run, step, { status: 'failed', error: reason, attempts, finishedAt: this.clock.now() });
      return row.failures;
    });
  }

  /** From here on there is only the way back, whoever goes it. @throws ProvisioningLostError where it has succeeded all the same */
  async giveUp(run: ProvisioningRun, { step, reason }: FailedStep): Promise<void> {
    await this.ledger.within(run, async (row) => {
      assertNotSucceeded(row);
      row.state = 'compensating';
      row.failedStep = step;
      row.reason = reason;
    });
  }

  /** Ends one of a tenant that lives at its place already, for somebody has opened it there. @returns whether it does */
  async closeWhereLivedIn(work: ProvisioningWork): Promise<boolean> {
    const { run } = work;
    return this.ledger.within(run, async (row) => {
      if (!(await this.livedIn.has(work))) return false;
      Object.assign(row, { state: 'succeeded', endedAt: this.clock.now(), failures: 0, reason: null, failedStep: null });
      await this.ledger.noteDone(run, 'activate', undefined);
      if (run.steps.has('create-user')) await this.ledger.note(run, 'create-user', { result: null });
      await this.capture.relayOnceOpen(run.tenantId);
      return true;
    });
  }

  /** Closes a provisioning of which nothing is left. */
  async fail({ run, tenantId }: ProvisioningWork, { step, reason }: FailedStep): Promise<void> {
    await this.ledger.within(run, async (row, em) => {
      row.state = 'failed';
      row.endedAt = this.clock.now();
      if (run.isWarm) {
        await this.warmPool.forget(tenantId);
        // Nobody will ask for it.
        await em.nativeDelete(TenantProvisioningStep, { tenantId });
        em.remove(row);
        return;
      }
      const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { refresh: true });
      if (tenant?.status === 'deleted') {
        // Its deletion has left this to who undoes it.
        await em.nativeDelete(TenantProvisioningStep, { tenantId });
        em.remove(row);
        return;
      }
      // Somebody may have decided otherwise about it meanwhile: a deletion, for one.
      if (tenant?.status !== 'provisioning') return;
      await this.tenants.markFailed(tenantId);
      await this.audit.record({
        eventType: 'tenants.provisioning-failed',
        outcome: 'failure',
        targetId: tenantId,
        details: { step, reason },
      });
    });
  }
}

/** The answer to its commit was lost: what looks like a failure is none, and what it has made is in use. */
function assertNotSucceeded({ state }: TenantProvisioning): void {
  if (state === 'succeeded') throw new ProvisioningLostError();
}
