import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertText } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { TenantCatalog, TenantStatus } from '../tenant-catalog.entity.js';
import { TenantStatusConflictError } from '../tenants.errors.js';
import { TenantStatusWriter } from './tenant-status.js';

const REASON_MAX_LENGTH = 1_000;

/** How a tenant is closed. */
export interface ClosingOptions {
  /** Why, for the audit log. */
  readonly reason?: string;
  /**
   * Whether work that is under way in the tenant's database may end. With false it is cut: its connections are closed, at once in this
   * process and within a second in the others, what it had not committed is lost, and it fails.
   *
   * @default true
   */
  readonly drain?: boolean;
}

/** Closes tenants and opens them again. */
@Injectable()
export class TenantLifecycle {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly statuses: TenantStatusWriter,
    private readonly audit: AuditService,
    private readonly context: ContextService,
  ) {}

  async suspend(tenantId: string, { reason, drain = true }: ClosingOptions = {}): Promise<TenantCatalog> {
    const details = { ...reasonOf(reason), drain };
    return this.unitOfWork.transactional(async () => {
      // From the archive, or a deletion, a tenant comes back by restore(): it stays there, and comes back as suspended.
      const tenant = await this.statuses.change(
        tenantId,
        (_, from) => (isAway(from) ? from : 'suspended'),
        (suspended, from) => {
          if (isAway(from)) suspendWhereItWas(suspended, from);
          else if (from !== 'active') throw new TenantStatusConflictError(suspended.id, from, 'suspended');
          suspended.cutsWork = !drain || (isAway(from) && suspended.cutsWork);
          suspended.closedBy = this.actor;
        },
      );
      await this.audit.record({ eventType: 'tenants.suspended', ...about(tenant), details });
      return tenant;
    });
  }

  async reactivate(tenantId: string): Promise<TenantCatalog> {
    return this.unitOfWork.transactional(async () => {
      const tenant = await this.statuses.change(tenantId, 'active', (suspended, from) => {
        if (from !== 'suspended' || suspended.dbUrl == null) {
          throw new TenantStatusConflictError(suspended.id, from, 'active');
        }
      });
      await this.audit.record({ eventType: 'tenants.reactivated', ...about(tenant) });
      return tenant;
    });
  }

  async archive(tenantId: string, { reason, drain = true }: ClosingOptions = {}): Promise<TenantCatalog> {
    const details = { ...reasonOf(reason), drain };
    return this.unitOfWork.transactional(async () => {
      const tenant = await this.statuses.change(tenantId, 'archived', (archived, from) => {
        if (from !== 'active' && from !== 'suspended') throw new TenantStatusConflictError(archived.id, from, 'archived');
        archived.archivedFrom = from;
        archived.cutsWork = !drain;
        archived.closedBy = this.actor;
      });
      await this.audit.record({ eventType: 'tenants.archived', ...about(tenant), details });
      return tenant;
    });
  }

  /** Back from the archive to where it was. */
  async unarchive(tenantId: string): Promise<TenantCatalog> {
    return this.unitOfWork.transactional(async () => {
      const tenant = await this.statuses.change(
        tenantId,
        ({ archivedFrom }) => archivedFrom ?? 'active',
        (archived, from) => {
          if (from !== 'archived') throw new TenantStatusConflictError(archived.id, from, 'active');
          archived.archivedFrom = null;
        },
      );
      await this.audit.record({
        eventType: 'tenants.restored',
        ...about(tenant),
        details: { from: 'archived', to: tenant.status },
      });
      return tenant;
    });
  }

  private get actor(): string | null {
    return this.context.current.actorUserId ?? null;
  }
}

function isAway(status: TenantStatus): boolean {
  return status === 'archived' || status === 'pending_deletion';
}

/** @throws TenantStatusConflictError where it comes back as suspended already, or not at all */
function suspendWhereItWas(tenant: TenantCatalog, from: TenantStatus): void {
  if (from === 'pending_deletion' && tenant.deletionFrom === 'active') tenant.deletionFrom = 'suspended';
  else if ((from === 'archived' || tenant.deletionFrom === 'archived') && tenant.archivedFrom !== 'suspended') {
    tenant.archivedFrom = 'suspended';
  } else throw new TenantStatusConflictError(tenant.id, from, 'suspended');
}

/** @throws InvalidInputError */
export function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason: assertText(reason, 'reason', REASON_MAX_LENGTH) };
}

/** What an event about a tenant says of it. */
export function about({ id }: Pick<TenantCatalog, 'id'>): { readonly tenantId: string; readonly targetId: string } {
  return { tenantId: id, targetId: id };
}
