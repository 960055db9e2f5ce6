import { Injectable } from '@nestjs/common';
import type { TenantCatalog } from 'nestjs-host-database';
import { type MembershipRole, MembershipsService } from 'nestjs-host-database/memberships';
import { TenantActivationTimeoutError, TenantsService } from 'nestjs-host-database/tenants';
import { ActorService } from '../auth/actor.service.js';

/** How long a new workspace is waited for before the answer says that it is still being made. */
const READY_TIMEOUT_MS = 10_000;

/** A workspace to be. */
export interface NewWorkspace {
  readonly name: string;
  readonly slug?: string;
}

/** A workspace, and what the actor is in it. */
export interface OwnWorkspace {
  readonly tenant: TenantCatalog;
  readonly role: MembershipRole;
}

/** The actor's workspaces. Each one is a tenant, with a database of its own. */
@Injectable()
export class WorkspacesService {
  constructor(
    private readonly tenants: TenantsService,
    private readonly memberships: MembershipsService,
    private readonly actor: ActorService,
  ) {}

  /**
   * Makes a workspace that the actor owns. It can be used at once, unless its database takes unusually long to make: then it is
   * returned as `provisioning`.
   *
   * @throws DuplicateSlugError, InvalidInputError
   */
  async create({ name, slug }: NewWorkspace): Promise<OwnWorkspace> {
    const tenant = await this.tenants.create({ name, slug, ownerId: this.actor.id });
    return { tenant: await this.whenReady(tenant), role: 'owner' };
  }

  async findMine(): Promise<OwnWorkspace[]> {
    const memberships = await this.memberships.findByUser(this.actor.id);
    return memberships.map(({ tenant, role }) => ({ tenant: tenant.unwrap(), role }));
  }

  private async whenReady(tenant: TenantCatalog): Promise<TenantCatalog> {
    try {
      return await this.tenants.whenActive(tenant.id, { timeoutMs: READY_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof TenantActivationTimeoutError) return tenant;
      throw error;
    }
  }
}
