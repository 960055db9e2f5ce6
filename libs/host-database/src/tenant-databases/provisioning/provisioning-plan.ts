import { Inject, Injectable } from '@nestjs/common';
import { isWarmSeed, TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { ApplicationSteps } from './application-steps.registry.js';
import { BUILT_IN_STEPS, OWNER_PROFILE_STEP } from './built-in-steps.js';

const AHEAD: ReadonlySet<string> = new Set(BUILT_IN_STEPS.slice(0, BUILT_IN_STEPS.indexOf('migrate') + 1));

/** Which steps there are for whom. */
@Injectable()
export class ProvisioningPlan {
  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly application: ApplicationSteps,
  ) {}

  /** The steps up to `activate`, which ends them, in their order. */
  stepsFor({ isWarm, ownerId }: { readonly isWarm: boolean; readonly ownerId: string | undefined }): readonly string[] {
    return this.application.order.filter((step) => {
      if (step === 'activate') return false;
      if (step === 'seed' && !this.options.seed) return false;
      if (step === OWNER_PROFILE_STEP && (ownerId === undefined || !this.application.find(step))) return false;
      return !isWarm || this.isAhead(step);
    });
  }

  /** The steps that a tenant needs beyond those that are done ahead. */
  stepsAfterWarm(ownerId: string | undefined): readonly string[] {
    return this.stepsFor({ isWarm: false, ownerId }).filter((step) => !this.isAhead(step));
  }

  /** Tells one set of steps that are done ahead from another. */
  get ahead(): string {
    return this.stepsFor({ isWarm: true, ownerId: undefined }).join(',');
  }

  private isAhead(step: string): boolean {
    const { seed } = this.options;
    if (step === 'seed') return seed !== undefined && isWarmSeed(seed);
    return AHEAD.has(step) || this.application.find(step)?.warm === true;
  }
}
