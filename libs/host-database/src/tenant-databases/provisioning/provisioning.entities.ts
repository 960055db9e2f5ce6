import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';
import type { TenantMode } from '../../tenants/index.js';

/**
 * Where a provisioning stands.
 *
 * - `pending`: nobody has begun
 * - `running`: its steps are being done, or wait for the next attempt
 * - `compensating`: it cannot succeed; its steps are being undone
 * - `succeeded`, `failed`: over; after a failure nothing is left of it
 */
const PROVISIONING_STATES = ['pending', 'running', 'compensating', 'succeeded', 'failed'] as const;

export type ProvisioningState = (typeof PROVISIONING_STATES)[number];

/** Those that are not over. */
export const OPEN_STATES: readonly ProvisioningState[] = ['pending', 'running', 'compensating'];

/** What was asked of a tenant's place, JSON. */
export type WantedPlace = { readonly mode?: TenantMode; readonly server?: string };

const TenantProvisioningSchema = defineEntity({
  name: 'TenantProvisioning',
  tableName: 'sys_tenant_provisionings',
  properties: {
    /** No foreign key: a warm place has no tenant yet. */
    tenantId: p.string().length(32).primary(),
    state: p.enum(PROVISIONING_STATES).default('pending'),
    /** Whether it makes a place of the warm pool, for a tenant to be. */
    isWarm: p.boolean().default(false),
    /** Raised by each process that takes it up: who has an older one records nothing any more. */
    token: p.integer().default(0),
    /** Raised each time that it is enqueued. */
    run: p.integer().default(1),
    /** The job that works on it. */
    jobId: p.string().length(32).nullable(),
    /** Who is to own the tenant. */
    ownerId: p.string().length(32).nullable(),
    /** Where the tenant was asked to live. */
    wanted: p.json().$type<WantedPlace>().nullable(),
    /** How many attempts have failed since it was last begun from the beginning. */
    failures: p.integer().default(0),
    /** The step that could not be done, and why. */
    failedStep: p.string().length(63).nullable(),
    reason: p.text().nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    endedAt: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: 'sys_tenant_provisionings_open_index',
      properties: ['state'],
      where: `state in ('pending', 'running', 'compensating')`,
    },
  ],
});

/** How the making of one tenant's place goes (`sys_tenant_provisionings`). */
export class TenantProvisioning extends TenantProvisioningSchema.class {}

TenantProvisioningSchema.setClass(TenantProvisioning);

/** Where a step stands. `running` may also say that the process that did it has died. */
const PROVISIONING_STEP_STATUSES = ['pending', 'running', 'done', 'failed', 'compensating', 'compensated', 'left'] as const;

export type ProvisioningStepStatus = (typeof PROVISIONING_STEP_STATUSES)[number];

/** JSON, by names. */
export type StepResult = Record<string, unknown>;

const TenantProvisioningStepSchema = defineEntity({
  name: 'TenantProvisioningStep',
  tableName: 'sys_tenant_provisioning_steps',
  properties: {
    tenantId: p.string().length(32).primary(),
    step: p.string().length(63).primary(),
    status: p.enum(PROVISIONING_STEP_STATUSES).default('running'),
    /** How often it was begun, and how often its compensation was. */
    attempts: p.integer().default(0),
    compensations: p.integer().default(0),
    /** What the steps after it go by. An address in it is as the catalogue keeps it. */
    result: p.json().$type<StepResult>().nullable(),
    error: p.text().nullable(),
    startedAt: p.datetime(3).onCreate(timestamp),
    finishedAt: p.datetime(3).nullable(),
  },
});

/** One step of it (`sys_tenant_provisioning_steps`). */
export class TenantProvisioningStep extends TenantProvisioningStepSchema.class {}

TenantProvisioningStepSchema.setClass(TenantProvisioningStep);
