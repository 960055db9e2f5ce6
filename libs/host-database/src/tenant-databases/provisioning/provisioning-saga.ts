import { Inject, Injectable, Logger } from '@nestjs/common';
import { parseDatabaseUrl } from '../../database/index.js';
import { type TenantCatalog, TenantAddresses, TenantsService } from '../../tenants/index.js';
import { TenantBindings } from '../tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantOrmFactory } from '../tenant-orm.factory.js';
import { ApplicationSteps } from './application-steps.registry.js';
import { BUILT_IN_STEPS } from './built-in-steps.js';
import { ProvisioningEndings } from './provisioning-endings.js';
import { TenantProvisioningFailedError } from './provisioning.errors.js';
import { isFinal, isInterruption, reasonOf } from './provisioning-failures.js';
import { ProvisioningLedger, ProvisioningLostError, type ProvisioningRun } from './provisioning-ledger.js';
import { ProvisioningPlan } from './provisioning-plan.js';
import { ProvisioningWork } from './provisioning-work.js';
import { StepRunner } from './step-runner.js';

/** A step whose own compensation keeps failing is left alone after so many attempts: what comes before it is undone all the same. */
const COMPENSATIONS_MAX = 5;

/**
 * Makes the place of a tenant, step by step, or of a tenant to be. Each step is recorded, so that whichever process comes next goes on
 * where this one died; what cannot succeed is undone in reverse order, which is gone on with in the same way.
 */
@Injectable()
export class ProvisioningSaga {
  private readonly logger = new Logger('TenantDatabases');

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly ledger: ProvisioningLedger,
    private readonly plan: ProvisioningPlan,
    private readonly steps: StepRunner,
    private readonly application: ApplicationSteps,
    private readonly endings: ProvisioningEndings,
    private readonly tenants: TenantsService,
    private readonly addresses: TenantAddresses,
    private readonly factory: TenantOrmFactory,
    private readonly bindings: TenantBindings,
  ) {}

  /**
   * Goes on with what is before a tenant, until it can be entered.
   *
   * @throws TenantProvisioningFailedError once all is undone
   * @throws the error of a step that may succeed with the next attempt
   */
  async run(tenantId: string, signal: AbortSignal): Promise<void> {
    const run = await this.ledger.takeOver(tenantId);
    if (!run) return;
    const tenant = run.isWarm ? null : await this.tenants.findById(tenantId);
    const work = this.workFor(run, tenant ?? undefined, signal);
    try {
      if (run.isCompensating) await this.undo(work, { step: run.failedStep ?? '', reason: run.reason ?? '' });
      else if (!run.isWarm && tenant?.status !== 'provisioning') await this.leaveOrUndo(work);
      else await this.goOn(work);
    } catch (error) {
      // Another process does all that is left.
      if (!(error instanceof ProvisioningLostError)) throw error;
    } finally {
      await work.close();
    }
  }

  private async goOn(work: ProvisioningWork): Promise<void> {
    const { run } = work;
    let current = 'activate';
    try {
      for (const step of this.plan.stepsFor(run)) {
        if (run.steps.get(step)?.status === 'done') continue;
        work.signal.throwIfAborted();
        current = step;
        await this.steps.execute(step, work);
      }
      current = 'activate';
      await work.close();
      await this.endings.succeed(work);
    } catch (error) {
      if (isInterruption(error, work.signal)) throw error;
      const reason = reasonOf(error, await this.secretOf(work));
      const failures = await this.endings.noteFailure(run, { step: current, reason });
      if (!isFinal(error, current) && failures < this.options.provisioningAttempts) throw error;
      await this.giveUp(work, { step: current, reason, cause: error });
    }
  }

  /** Somebody has decided otherwise about the tenant. Where it lives at this place, for it was activated there, that stays. */
  private async leaveOrUndo(work: ProvisioningWork): Promise<void> {
    const { tenant } = work;
    const reason = tenant ? `the tenant became ${tenant.status} meanwhile` : 'there is no such tenant any more';
    try {
      if (!(await this.endings.closeWhereLivedIn(work))) await this.giveUp(work, { step: 'activate', reason });
    } catch (error) {
      // It is as was wanted, and no failure.
      if (!(error instanceof TenantProvisioningFailedError)) throw error;
    }
  }

  private async giveUp(work: ProvisioningWork, failure: Failure): Promise<void> {
    await this.endings.giveUp(work.run, failure);
    return this.undo(work, failure);
  }

  /** @throws TenantProvisioningFailedError once all is undone; not where the tenant was opened at its place, which stays */
  private async undo(work: ProvisioningWork, { step: failedStep, reason, cause }: Failure): Promise<void> {
    const { run } = work;
    if (await this.endings.closeWhereLivedIn(work)) return;
    for (const step of this.stepsToUndo(run)) {
      work.signal.throwIfAborted();
      if ((BUILT_IN_STEPS as readonly string[]).includes(step)) await work.close();
      await this.undoStep(step, work);
    }
    await this.endings.fail(work, { step: failedStep, reason });
    throw new TenantProvisioningFailedError(run.tenantId, failedStep, reason, { cause });
  }

  private async undoStep(step: string, work: ProvisioningWork): Promise<void> {
    const { run } = work;
    try {
      await this.steps.compensate(step, work);
    } catch (error) {
      if (isInterruption(error, work.signal)) throw error;
      const recorded = run.steps.get(step);
      const isOwn = this.application.find(step) !== undefined;
      const reason = reasonOf(error, await this.secretOf(work));
      if (!isOwn || (recorded?.compensations ?? 0) < COMPENSATIONS_MAX) {
        await this.ledger.within(run, () => this.ledger.note(run, step, { error: reason }));
        throw error;
      }
      await this.ledger.within(run, () => this.ledger.note(run, step, { status: 'left', error: reason }));
      this.logger.error(`The step ${step} of tenant ${run.tenantId} could not be undone and is left: ${reason}`);
    }
  }

  /** In reverse order, those that have begun; where a place was chosen, all that may have made something there. */
  private stepsToUndo(run: ProvisioningRun): string[] {
    const hasPlace = run.steps.has('choose-server');
    const known = this.application.order;
    // One that this application does not have any more is only recorded as undone.
    const others = [...run.steps.keys()].filter((step) => !known.includes(step));
    return [...known, ...others].toReversed().filter((step) => {
      const status = run.steps.get(step)?.status;
      if (status === 'compensated' || status === 'left') return false;
      return status !== undefined || (hasPlace && (step === 'create-storage' || step === 'create-user'));
    });
  }

  private workFor(run: ProvisioningRun, tenant: TenantCatalog | undefined, signal: AbortSignal): ProvisioningWork {
    return new ProvisioningWork(run, tenant, signal, {
      bindings: this.bindings,
      open: (tenantId, address, options) => this.factory.open(tenantId, address, options),
      reveal: (stored) => this.addresses.reveal(stored),
    });
  }

  private async secretOf(work: ProvisioningWork): Promise<string | undefined> {
    if (!work.place) return undefined;
    return parseDatabaseUrl(await work.address().catch(() => work.place?.address ?? '')).password;
  }
}

interface Failure {
  readonly step: string;
  readonly reason: string;
  readonly cause?: unknown;
}
