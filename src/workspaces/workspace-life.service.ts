import { Injectable } from '@nestjs/common';
import type { TenantCatalog } from 'nestjs-host-database';
import { TenantDeletion, type TenantDeletionPlan } from 'nestjs-host-database/tenant-databases';
import { type ClosingOptions, type DeletionRequest, TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { ActorService } from '../auth/actor.service.js';
import { WorkspaceRolesService } from './workspace-roles.service.js';

/**
 * Closes workspaces, opens them again and deletes them. To suspend and to reactivate is for system administrators, whom the controller
 * lets in alone; the rest is for a workspace's owners, too.
 */
@Injectable()
export class WorkspaceLifeService {
  constructor(
    private readonly tenants: TenantsService,
    private readonly deletion: TenantDeletion,
    private readonly roles: WorkspaceRolesService,
    private readonly users: UsersService,
    private readonly actor: ActorService,
  ) {}

  /** @throws TenantNotFoundError, TenantStatusConflictError, InvalidIdError */
  async suspend(workspaceId: string, options: ClosingOptions): Promise<TenantCatalog> {
    return this.tenants.suspend(workspaceId, options);
  }

  /** @throws TenantNotFoundError, TenantStatusConflictError, InvalidIdError */
  async reactivate(workspaceId: string): Promise<TenantCatalog> {
    return this.tenants.reactivate(workspaceId);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, TenantNotFoundError, TenantStatusConflictError */
  async archive(workspaceId: string, options: ClosingOptions): Promise<TenantCatalog> {
    await this.requireOwnerOrAdmin(workspaceId);
    return this.tenants.archive(workspaceId, options);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, TenantNotFoundError, TenantStatusConflictError, TenantDeletionDueError */
  async restore(workspaceId: string): Promise<TenantCatalog> {
    await this.requireOwnerOrAdmin(workspaceId);
    return this.tenants.restore(workspaceId);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, TenantNotFoundError, TenantStatusConflictError */
  async delete(workspaceId: string, request: DeletionRequest): Promise<TenantCatalog> {
    await this.requireOwnerOrAdmin(workspaceId);
    return this.tenants.requestDeletion(workspaceId, request);
  }

  /** @throws TenantAccessDeniedError, RoleRequiredError, TenantNotFoundError */
  async planDeletion(workspaceId: string): Promise<TenantDeletionPlan> {
    await this.requireOwnerOrAdmin(workspaceId);
    return this.deletion.plan(workspaceId);
  }

  private async requireOwnerOrAdmin(workspaceId: string): Promise<void> {
    if ((await this.users.findById(this.actor.id))?.isSysAdmin) return;
    await this.roles.requireOneOf(workspaceId, ['owner']);
  }
}
