import { Injectable } from '@nestjs/common';
import { AuditLegalHolds, HostAuditLog } from '../../audit/index.js';
import { Subscription } from '../../billing/index.js';
import { assertId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import {
  type DeletionCounts,
  TenantDeletionParts,
  TenantDeletionRecord,
  TenantsService,
  type TenantStatus,
} from '../../tenants/index.js';
import { TenantPlacesOfDeleted } from './tenant-places.js';

/** What goes with a tenant. */
export interface TenantRemovals {
  /** The databases, schemas and files, as addresses without credentials. */
  readonly storage: readonly string[];
  /** The tenant's own database users. */
  readonly users: readonly string[];
  /** How many rows each table in them has. */
  readonly tables: DeletionCounts;
  /** What goes of the host database, and of what the application has added, by part. */
  readonly parts: Readonly<Record<string, DeletionCounts>>;
  /** The slug, which others may have from then on. */
  readonly slug: string | null;
}

/** What a deletion will do. */
export interface TenantDeletionPlan {
  readonly tenantId: string;
  readonly status: TenantStatus;
  /** When, if it was asked for. */
  readonly deleteAfter: Date | null;
  /** Whether the tables are exported before. */
  readonly isExported: boolean;
  readonly removes: TenantRemovals;
  /** What stays: rows, and what the application has made itself. */
  readonly keeps: {
    readonly rows: DeletionCounts;
    readonly storage: readonly string[];
    /** Whether the audit log of the tenant is held: the deletion removes nothing of it in any case, retention not while it is held. */
    readonly isLogHeld: boolean;
  };
}

/** Tells what the deletion of a tenant will remove, and what one has removed. */
@Injectable()
export class TenantDeletion {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tenants: TenantsService,
    private readonly parts: TenantDeletionParts,
    private readonly places: TenantPlacesOfDeleted,
    private readonly legalHolds: AuditLegalHolds,
  ) {}

  /**
   * A dry run: what would be removed if it were done now. Nothing is written; the tenant's database is opened and its rows are counted.
   *
   * @throws TenantNotFoundError, DatabaseUnreachableError, TenantPlaceIsHostError, TenantPlaceIsSharedError
   */
  async plan(tenantId: string): Promise<TenantDeletionPlan> {
    const tenant = await this.tenants.getById(tenantId);
    const { em } = this.unitOfWork;
    const { id } = tenant;
    const record = await em.findOne(TenantDeletionRecord, { tenantId: id }, { disableIdentityMap: true });
    const places = await this.places.find(tenant);
    const { storage, users, elsewhere } = places;
    const parts: Record<string, DeletionCounts> = {};
    for (const part of this.parts.all) parts[part.name] = await part.count(id);
    const holds = await this.legalHolds.list();
    return {
      tenantId: id,
      status: tenant.status,
      deleteAfter: tenant.deleteAfter ?? null,
      isExported: record?.isExported ?? false,
      removes: { storage, users, tables: await this.places.countRows(tenant, places), parts, slug: tenant.slug ?? null },
      keeps: {
        rows: {
          core_tenants: 1,
          core_subscriptions: await em.count(Subscription, { tenant: id }),
          sys_audit_logs: await em.count(HostAuditLog, { tenantId: id }),
        },
        storage: elsewhere,
        isLogHeld: holds.some((hold) => hold.tenantId === null || hold.tenantId === id),
      },
    };
  }

  /** How far a deletion is, and what it has removed; null where none was asked for, or it was cancelled. @throws InvalidIdError */
  async find(tenantId: string): Promise<TenantDeletionRecord | null> {
    return this.unitOfWork.em.findOne(TenantDeletionRecord, { tenantId: assertId(tenantId, 'tenant') }, { refresh: true });
  }
}
