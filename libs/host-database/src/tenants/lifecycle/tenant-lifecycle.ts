import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertText } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { TenantCatalog } from '../tenant-catalog.entity.js';
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
  ) {}

  async suspend(tenantId: string, { reason, drain = true }: ClosingOptions = {}): Promise<TenantCatalog> {
    const details = { ...reasonOf(reason), drain };
    return this.unitOfWork.transactional(async () => {
      const tenant = await this.statuses.change(tenantId, 'suspended', (suspended, from) => {
        // From the archive a tenant comes back by restore(), which knows where it was.
        if (from !== 'active') throw new TenantStatusConflictError(suspended.id, from, 'suspended');
        suspended.cutsWork = !drain;
      });
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
}

/** @throws InvalidInputError */
export function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason: assertText(reason, 'reason', REASON_MAX_LENGTH) };
}

/** What an event about a tenant says of it. */
export function about({ id }: Pick<TenantCatalog, 'id'>): { readonly tenantId: string; readonly targetId: string } {
  return { tenantId: id, targetId: id };
}
