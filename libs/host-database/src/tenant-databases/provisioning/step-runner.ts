import { Injectable } from '@nestjs/common';
import { assertJson } from '../../common/index.js';
import { Snooze } from '../../jobs/index.js';
import { TenantBindings } from '../tenant-bindings.js';
import { type ApplicationStep, ApplicationSteps } from './application-steps.registry.js';
import { type BuiltInStep, isBuiltInStep, OWNER_PROFILE_STEP } from './built-in-steps.js';
import { BuiltInSteps } from './built-in-steps.service.js';
import { LivedInPlaces } from './lived-in-places.js';
import type { StepResult } from './provisioning.entities.js';
import { ProvisioningLedger } from './provisioning-ledger.js';
import type { ProvisioningWork } from './provisioning-work.js';
import type { TenantProvisioningContext } from './tenant-provisioning-step.decorator.js';
import { Turns } from './turns.js';

/**
 * What changes a server must not be done by a process that was paused, beside or after its successor: it is done with the provisioning
 * locked. These are short; what is in the tenant's database has that database's own locks.
 */
const LOCKED_STEPS: ReadonlySet<string> = new Set<BuiltInStep>(['create-storage', 'create-user']);

/** When a run looks again that finds the tenant opened meanwhile. */
const LIVED_IN_RETRY_MS = 500;

/** Does and undoes single steps, and records them. */
@Injectable()
export class StepRunner {
  /** One that holds the lock needs another connection of the pool: were there as many as it has, all would wait for each other. */
  private readonly turns = new Turns();

  constructor(
    private readonly ledger: ProvisioningLedger,
    private readonly builtIn: BuiltInSteps,
    private readonly application: ApplicationSteps,
    private readonly livedIn: LivedInPlaces,
    private readonly bindings: TenantBindings,
  ) {}

  async execute(step: string, work: ProvisioningWork): Promise<void> {
    const { ledger } = this;
    const { run } = work;
    if (LOCKED_STEPS.has(step)) {
      // No record says that it has begun: it is undone as soon as there is a place.
      const locked = async () => {
        await ledger.noteBegin(run, step);
        await ledger.noteDone(run, step, await this.builtIn.execute(step as 'create-storage', work));
      };
      return this.turns.take(() => ledger.within(run, locked));
    }
    // Choosing changes nothing: its end is all that there is to record.
    if (step !== 'choose-server') await ledger.within(run, () => ledger.noteBegin(run, step));
    const result = await this.perform(step, work);
    await ledger.within(run, async () => {
      if (step === 'choose-server') await ledger.noteBegin(run, step);
      if (step === OWNER_PROFILE_STEP) await this.builtIn.keepProfile(work, result?.value);
      await ledger.noteDone(run, step, result);
    });
  }

  async compensate(step: string, work: ProvisioningWork): Promise<void> {
    const { ledger } = this;
    const { run } = work;
    const compensations = (run.steps.get(step)?.compensations ?? 0) + 1;
    const undone = () => ledger.note(run, step, { status: 'compensated', error: null });
    if (isBuiltInStep(step) && step !== OWNER_PROFILE_STEP) {
      return this.turns.take(() =>
        ledger.within(run, async () => {
          // Opened at its place since the undoing began: the next run finds that, and ends.
          if (await this.livedIn.has(work)) throw new Snooze(LIVED_IN_RETRY_MS);
          await this.builtIn.undo(step, work);
          await undone();
        }),
      );
    }
    const own = this.application.find(step);
    if (own?.undo) {
      await ledger.within(run, () => ledger.note(run, step, { status: 'compensating', compensations }));
      await this.call(own, own.undo, work, compensations);
    }
    await ledger.within(run, undone);
  }

  private async perform(step: string, work: ProvisioningWork): Promise<StepResult | undefined> {
    const own = this.application.find(step);
    if (own) {
      const result = await this.call(own, own.execute, work, work.run.steps.get(step)?.attempts ?? 1);
      return result === undefined ? undefined : { value: assertJson(result, `the result of ${own.method}`) };
    }
    return this.builtIn.execute(step as 'migrate', work);
  }

  private async call(
    own: ApplicationStep,
    method: ApplicationStep['execute'],
    work: ProvisioningWork,
    attempt: number,
  ): Promise<unknown> {
    const { bindings } = this;
    const context: TenantProvisioningContext = {
      tenantId: work.tenantId,
      tenant: work.tenant,
      ownerId: work.run.ownerId,
      attempt,
      signal: work.signal,
      get em() {
        return bindings.em;
      },
    };
    return own.runsFor === 'host' ? method(context) : work.inDatabase(() => method(context));
  }
}
