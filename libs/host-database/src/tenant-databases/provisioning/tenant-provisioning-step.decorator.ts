import { SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import type { TenantCatalog } from '../../tenants/index.js';

/** What a provisioning step of the application is given. */
export interface TenantProvisioningContext {
  readonly tenantId: string;
  /** The tenant. Undefined in a step that is done ahead (`warm`), when there is none yet. */
  readonly tenant: TenantCatalog | undefined;
  /** Who is to own it, if anybody is known. */
  readonly ownerId: string | undefined;
  /** The tenant's EntityManager. @throws NoTenantError in a step with `runsFor: 'host'` */
  readonly em: SqlEntityManager;
  /** From 1. A step is begun again where its process died before its end was recorded. */
  readonly attempt: number;
  /** Aborted when the attempt should end: pass it on to what you await. */
  readonly signal: AbortSignal;
}

/** Where a step is in the order, and what undoes it. */
export interface TenantProvisioningStepOptions {
  /**
   * Letters, digits and dashes, unique. `create-owner-profile` is the application's to fill: what that method returns becomes the
   * `profileId` of the owner's membership.
   */
  readonly name: string;
  /** The step that comes before it: `migrate` or a later one of the library's, or another of the application's. @default 'seed' */
  readonly after?: string;
  /** The method of the same provider that undoes it, given the same context. */
  readonly compensate?: string;
  /** `tenant`: with the tenant bound, so that tenant repositories work in it; `host`: outside of its database. @default 'tenant' */
  readonly runsFor?: 'tenant' | 'host';
  /** Whether it needs nothing of the tenant, so that it is done ahead in the warm pool. @default false */
  readonly warm?: boolean;
}

const STEP_METADATA = 'nestjs-host-database:tenant-provisioning-step';

/**
 * Makes a method of a provider a step of the provisioning of tenants.
 *
 * It has to be idempotent: a process that dies before the step's end was recorded is followed by another that begins it again. What it
 * throws is tried again with the next attempt of the job; `Discard` says that it is final. What it returns, any JSON, is recorded.
 * Every process that runs jobs needs the same steps.
 */
export function TenantProvisioningStep(options: TenantProvisioningStepOptions) {
  return <M extends (context: TenantProvisioningContext) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    SetMetadata(STEP_METADATA, options)(target, key, descriptor);
  };
}

/** Reads what the decorator has written; undefined on any other method. */
export function provisioningStepOf(reflector: Reflector, method: object): TenantProvisioningStepOptions | undefined {
  return reflector.get<TenantProvisioningStepOptions | undefined>(STEP_METADATA, method as () => unknown);
}
