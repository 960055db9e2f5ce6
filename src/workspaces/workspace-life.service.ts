import { Inject, Injectable } from '@nestjs/common';
import { InvalidInputError, type TenantCatalog } from 'nestjs-host-database';
import { TenantDeletion, type TenantDeletionPlan } from 'nestjs-host-database/tenant-databases';
import {
  type ClosingOptions,
  type DeletionRequest,
  TENANT_DELETION_OPTIONS,
  type TenantDeletionOptions,
  TenantsService,
} from 'nestjs-host-database/tenants';
import { WorkspaceControlService } from './workspace-control.service.js';

/**
 * Closes workspaces, opens them again and deletes them. To suspend and to reactivate is for system administrators, whom the controller
 * lets in alone; the rest is for a workspace's owners, too, as long as the administrators have not closed it.
 */
@Injectable()
export class WorkspaceLifeService {
  /** Those that are being made. */
  private readonly plans = new Map<string, Promise<TenantDeletionPlan>>();

  constructor(
    private readonly tenants: TenantsService,
    private readonly deletion: TenantDeletion,
    private readonly control: WorkspaceControlService,
    @Inject(TENANT_DELETION_OPTIONS) private readonly options: TenantDeletionOptions,
  ) {}

  /** @throws TenantNotFoundError, TenantStatusConflictError, InvalidIdError */
  async suspend(workspaceId: string, options: ClosingOptions): Promise<TenantCatalog> {
    return this.tenants.suspend(workspaceId, options);
  }

  /** @throws TenantNotFoundError, TenantStatusConflictError, InvalidIdError */
  async reactivate(workspaceId: string): Promise<TenantCatalog> {
    return this.tenants.reactivate(workspaceId);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, WorkspaceHeldError, TenantNotFoundError, TenantStatusConflictError */
  async archive(workspaceId: string, options: ClosingOptions): Promise<TenantCatalog> {
    await this.control.require(workspaceId);
    return this.tenants.archive(workspaceId, options);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, WorkspaceHeldError, TenantNotFoundError, TenantStatusConflictError, TenantDeletionDueError */
  async restore(workspaceId: string): Promise<TenantCatalog> {
    await this.control.require(workspaceId);
    return this.tenants.restore(workspaceId);
  }

  /**
   * Owners leave at least the usual time in which it can be restored.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, WorkspaceHeldError, TenantNotFoundError, TenantStatusConflictError
   * @throws InvalidInputError
   */
  async delete(workspaceId: string, request: DeletionRequest): Promise<TenantCatalog> {
    if ((await this.control.require(workspaceId)) === 'owner') this.assertOwnersGrace(request.graceDays);
    return this.tenants.requestDeletion(workspaceId, request);
  }

  /**
   * Opens the workspace's database and counts all its rows, so each process makes one at a time of a workspace: who asks meanwhile gets
   * the same.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, WorkspaceHeldError, TenantNotFoundError
   */
  async planDeletion(workspaceId: string): Promise<TenantDeletionPlan> {
    await this.control.require(workspaceId);
    const underWay = this.plans.get(workspaceId);
    if (underWay) return underWay;
    const plan = this.deletion.plan(workspaceId).finally(() => this.plans.delete(workspaceId));
    this.plans.set(workspaceId, plan);
    return plan;
  }

  /** @throws InvalidInputError */
  private assertOwnersGrace(graceDays: number | undefined): void {
    const { graceDays: least } = this.options;
    if (graceDays === undefined || graceDays >= least) return;
    throw new InvalidInputError('graceDays', `must be at least ${least}: only system administrators delete a workspace sooner.`);
  }
}
