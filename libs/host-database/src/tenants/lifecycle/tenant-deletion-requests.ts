import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertInt32, Clock, InvalidInputError } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobsService, LIVE_JOB_STATUSES, SystemJob } from '../../jobs/index.js';
import type { TenantCatalog, TenantStatus } from '../tenant-catalog.entity.js';
import { TenantStatusConflictError } from '../tenants.errors.js';
import { TenantDeletionDueError, TenantExportNotConfiguredError } from './lifecycle.errors.js';
import { TenantDeletionRecord } from './tenant-deletion.entity.js';
import { GRACE_DAYS_MAX, TENANT_DELETION_OPTIONS, type TenantDeletionOptions } from './tenant-deletion.options.js';
import { about, type ClosingOptions, reasonOf } from './tenant-lifecycle.js';
import { TenantStatusWriter } from './tenant-status.js';

const DAY_MS = 86_400_000;

/** The job that removes the data of a tenant. Its handler is in the tenant-databases room. */
export const DELETE_TENANT_JOB = 'tenants.delete';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenants.delete': { readonly tenantId: string };
  }
}

/** How a tenant is to be deleted. */
export interface DeletionRequest extends ClosingOptions {
  /** For how many days it can be restored; 0 for not at all. @default the option `tenantDeletion.graceDays` */
  readonly graceDays?: number;
  /** Whether its data is exported, and the export verified, before it is removed. @default false */
  readonly export?: boolean;
}

/** Asks for the deletion of tenants, and takes that back. */
@Injectable()
export class TenantDeletionRequests {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly statuses: TenantStatusWriter,
    private readonly jobs: JobsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly context: ContextService,
    @Inject(TENANT_DELETION_OPTIONS) private readonly options: TenantDeletionOptions,
  ) {}

  async request(tenantId: string, request: DeletionRequest = {}): Promise<TenantCatalog> {
    const { graceDays = this.options.graceDays, export: isExported = false, drain = true } = request;
    const details = { ...reasonOf(request.reason), graceDays: assertGrace(graceDays), export: isExported, drain };
    if (isExported && this.options.exportTo === undefined) throw new TenantExportNotConfiguredError(tenantId);
    const requestedAt = this.clock.now();
    const deleteAfter = new Date(requestedAt.getTime() + graceDays * DAY_MS);
    return this.unitOfWork.transactional(async (em) => {
      const tenant = await this.statuses.change(tenantId, 'pending_deletion', (closed, from) => {
        closed.deletionFrom = whereItWas(closed, from);
        closed.deleteAfter = deleteAfter;
        closed.cutsWork = !drain;
        closed.closedBy = this.context.current.actorUserId ?? null;
      });
      // Whoever has changed the status past cancel() has left what was asked for before.
      await this.forget(em, tenant.id);
      const facts = { tenantId: tenant.id, isExported, requestedAt, doneSteps: [], removed: {} };
      await em.persist(em.create(TenantDeletionRecord, facts)).flush();
      // A job of the host, and not of the tenant: those are removed by it.
      await this.jobs.enqueue(DELETE_TENANT_JOB, { tenantId: tenant.id }, { uniqueKey: tenant.id, runAt: deleteAfter });
      await this.audit.record({ eventType: 'tenants.deletion-requested', ...about(tenant), details });
      return tenant;
    });
  }

  /** Back to where it was before its deletion was asked for. */
  async cancel(tenantId: string): Promise<TenantCatalog> {
    return this.unitOfWork.transactional(async (em) => {
      const tenant = await this.statuses.change(
        tenantId,
        (closed, from) => {
          if (from !== 'pending_deletion') throw new TenantStatusConflictError(closed.id, from, 'active');
          const { deletionFrom, deleteAfter } = closed;
          // By the clock of this process, or since another one has begun by its own.
          if (deletionFrom == null || deleteAfter == null || deleteAfter <= this.clock.now()) {
            throw new TenantDeletionDueError(closed.id, deleteAfter ?? undefined);
          }
          return deletionFrom;
        },
        (closed) => {
          closed.deleteAfter = null;
        },
      );
      // Not with the status: the database compares it with where the tenant goes.
      tenant.deletionFrom = null;
      await em.flush();
      await this.forget(em, tenant.id);
      const details = { from: 'pending_deletion', to: tenant.status } as const;
      await this.audit.record({ eventType: 'tenants.restored', ...about(tenant), details });
      return tenant;
    });
  }

  /** Removes the record of a deletion that was asked for, and its job. */
  private async forget(em: SqlEntityManager, tenantId: string): Promise<void> {
    // By the unit of work, which may write another one.
    const record = await em.findOne(TenantDeletionRecord, { tenantId }, { refresh: true });
    if (record) await em.remove(record).flush();
    const waiting = { jobType: DELETE_TENANT_JOB, uniqueKey: tenantId, status: { $in: [...LIVE_JOB_STATUSES] } };
    for (const { id } of await em.find(SystemJob, waiting)) await this.jobs.cancel(id);
  }
}

/** A tenant whose provisioning never ended comes back as one whose provisioning failed, from where it can be tried again. */
function whereItWas({ id }: TenantCatalog, from: TenantStatus): 'active' | 'suspended' | 'archived' | 'failed' {
  if (from === 'provisioning') return 'failed';
  if (from === 'pending_deletion' || from === 'deleted') throw new TenantStatusConflictError(id, from, 'pending_deletion');
  return from;
}

/** @throws InvalidInputError */
function assertGrace(graceDays: number): number {
  if (assertInt32(graceDays, 'graceDays') <= GRACE_DAYS_MAX) return graceDays;
  throw new InvalidInputError('graceDays', `must be at most ${GRACE_DAYS_MAX}, ten years.`);
}
