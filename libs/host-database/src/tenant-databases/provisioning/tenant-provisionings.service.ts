import { Injectable } from '@nestjs/common';
import { assertId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantNotFoundError, TenantsService } from '../../tenants/index.js';
import {
  type ProvisioningState,
  type ProvisioningStepStatus,
  TenantProvisioning,
  TenantProvisioningStep,
} from './provisioning.entities.js';
import { ProvisioningPlan } from './provisioning-plan.js';
import { ProvisioningRescue } from './provisioning-rescue.js';

/** How far one step is. */
export interface ProvisioningStepProgress {
  readonly step: string;
  readonly status: ProvisioningStepStatus;
  /** How often it was begun. */
  readonly attempts: number;
  readonly error: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** How far the provisioning of a tenant is. */
export interface ProvisioningProgress {
  readonly tenantId: string;
  readonly state: ProvisioningState;
  /** How many attempts have failed since it was begun, or begun again. */
  readonly failures: number;
  /** The step that failed last, and why. */
  readonly failedStep: string | null;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  /** In the order in which they are done. */
  readonly steps: readonly ProvisioningStepProgress[];
}

/** How the making of tenants' places goes. */
@Injectable()
export class TenantProvisionings {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tenants: TenantsService,
    private readonly plan: ProvisioningPlan,
    private readonly lost: ProvisioningRescue,
  ) {}

  /**
   * Returns how far a tenant's provisioning is, or how it has ended; null for a tenant that was registered before provisionings were
   * recorded, or is deleted.
   *
   * @throws InvalidIdError, TenantNotFoundError
   */
  async of(tenantId: string): Promise<ProvisioningProgress | null> {
    const id = assertId(tenantId, 'tenant');
    const { em } = this.unitOfWork;
    if (!(await this.tenants.findById(id))) throw new TenantNotFoundError(id);
    const row = await em.findOne(TenantProvisioning, { tenantId: id }, { refresh: true });
    if (!row) return null;
    const recorded = await em.find(TenantProvisioningStep, { tenantId: id }, { refresh: true });
    const byName = new Map(recorded.map((step) => [step.step, step]));
    const planned = [...this.plan.stepsFor({ isWarm: false, ownerId: row.ownerId ?? undefined }), 'activate'];
    const names = [...new Set([...planned, ...byName.keys()])];
    const { state, failures, failedStep = null, reason = null, createdAt, endedAt = null } = row;
    const steps = names.map((step) => progressOf(step, byName.get(step), state));
    return { tenantId: id, state, failures, failedStep, reason, createdAt, endedAt, steps };
  }

  /**
   * Has provisionings undone whose jobs were cancelled, or have killed too many workers, and returns how many those are. Each worker does
   * so when it starts and once a minute; call it where there is none.
   */
  async rescueLost(): Promise<number> {
    return this.lost.rescue();
  }
}

function progressOf(
  step: string,
  recorded: TenantProvisioningStep | undefined,
  state: ProvisioningState,
): ProvisioningStepProgress {
  return {
    step,
    // A warm place is activated by the transaction that claims it.
    status: recorded?.status ?? (state === 'succeeded' ? 'done' : 'pending'),
    attempts: recorded?.attempts ?? 0,
    error: recorded?.error ?? null,
    startedAt: recorded?.startedAt ?? null,
    finishedAt: recorded?.finishedAt ?? null,
  };
}
