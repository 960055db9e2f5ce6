import { Inject, Injectable } from '@nestjs/common';
import { isWarmSeed, TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { BUILT_IN_STEPS, isBuiltInStep, OWNER_PROFILE_STEP } from './built-in-steps.js';
import { DuplicateProvisioningStepError, InvalidProvisioningStepError } from './provisioning.errors.js';
import type { TenantProvisioningContext, TenantProvisioningStepOptions } from './tenant-provisioning-step.decorator.js';

type StepFunction = (context: TenantProvisioningContext) => unknown;

/** A step of the application. */
export interface ApplicationStep extends TenantProvisioningStepOptions {
  /** For messages: `Calendars.create()`. */
  readonly method: string;
  readonly execute: StepFunction;
  readonly undo: StepFunction | undefined;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const FIRST_AFTER = BUILT_IN_STEPS.indexOf('migrate');

/** Which steps the application has, and in which order all of them come. */
@Injectable()
export class ApplicationSteps {
  private readonly steps = new Map<string, ApplicationStep>();
  private sorted: readonly string[] | undefined;
  /** What a step that is done ahead may come after, beside others of its kind. */
  private readonly warmBuiltIns: readonly string[];

  constructor(@Inject(TENANT_DATABASES_OPTIONS) { seed }: TenantDatabasesOptions) {
    this.warmBuiltIns = seed === undefined || isWarmSeed(seed) ? ['migrate', 'seed'] : ['migrate'];
  }

  /** @throws DuplicateProvisioningStepError, InvalidProvisioningStepError */
  register(step: ApplicationStep): void {
    const { name, method } = step;
    if (!NAME.test(name))
      throw new InvalidProvisioningStepError(name, 'has no valid name. Use up to 63 lower-case letters, digits and dashes.');
    const other = this.steps.get(name);
    if (other) throw new DuplicateProvisioningStepError(name, [other.method, method]);
    if (isBuiltInStep(name) && name !== OWNER_PROFILE_STEP)
      throw new DuplicateProvisioningStepError(name, ["the library's own", method]);
    if (name === OWNER_PROFILE_STEP && (step.after !== undefined || step.warm === true)) {
      throw new InvalidProvisioningStepError(name, 'has its place already, and needs the tenant. Leave out after and warm.');
    }
    this.steps.set(name, step);
    this.sorted = undefined;
  }

  find(name: string): ApplicationStep | undefined {
    return this.steps.get(name);
  }

  /** The names of all steps, those of the library too, in the order in which they are done. @throws InvalidProvisioningStepError */
  get order(): readonly string[] {
    return (this.sorted ??= this.inOrder());
  }

  private inOrder(): readonly string[] {
    const followers = new Map<string, string[]>();
    for (const step of this.steps.values()) {
      if (step.name === OWNER_PROFILE_STEP) continue;
      const after = this.predecessorOf(step);
      followers.set(after, [...(followers.get(after) ?? []), step.name]);
    }
    const order: string[] = [];
    const add = (name: string) => {
      order.push(name);
      // By name, so that it does not matter in which order providers are found.
      for (const follower of (followers.get(name) ?? []).toSorted()) add(follower);
    };
    for (const name of BUILT_IN_STEPS) add(name);
    const lost = [...this.steps.keys()].find((name) => !order.includes(name));
    if (lost !== undefined)
      throw new InvalidProvisioningStepError(lost, 'comes after itself, by way of others. Break the circle.');
    return order;
  }

  private predecessorOf({ name, after = 'seed', warm }: ApplicationStep): string {
    const builtIn = (BUILT_IN_STEPS as readonly string[]).indexOf(after);
    if (builtIn === -1 && !this.steps.has(after)) {
      throw new InvalidProvisioningStepError(name, `is to come after ${after}, which is no step. Name one of: ${this.names()}.`);
    }
    if (builtIn !== -1 && (builtIn < FIRST_AFTER || after === 'activate')) {
      const problem = `is to come after ${after}, where there is no place for it. Put it after migrate, seed or create-owner-profile.`;
      throw new InvalidProvisioningStepError(name, problem);
    }
    if (warm && !this.warmBuiltIns.includes(after) && !this.steps.get(after)?.warm) {
      throw new InvalidProvisioningStepError(
        name,
        `is to be done ahead, but comes after ${after}, which is not. Put it after migrate.`,
      );
    }
    return after;
  }

  private names(): string {
    return [...BUILT_IN_STEPS.slice(FIRST_AFTER, -1), ...this.steps.keys()].join(', ');
  }
}
