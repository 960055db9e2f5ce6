import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import {
  TenantCatalog,
  TenantDeletionParts,
  TenantDeletionRecord,
  TenantsService,
  TenantStatusWriter,
} from '../../tenants/index.js';
import { TenantAuditRelay } from '../audit-outbox/index.js';
import { TenantConnections } from '../tenant-connections.js';
import { TenantExports } from './tenant-exports.js';
import { TenantPlacesOfDeleted } from './tenant-places.js';

/** What a step has to tell; nothing where it has removed nothing that a plan knows. */
type Facts = Readonly<Record<string, unknown>> | undefined;

/**
 * Removes the data of a tenant, step by step. Every step can be repeated, so that a run that died is taken up by the next; what is in the
 * host database is removed in the transaction that records the step, and what is on a server is written down before it is removed.
 */
@Injectable()
export class TenantPurge {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tenants: TenantsService,
    private readonly statuses: TenantStatusWriter,
    private readonly parts: TenantDeletionParts,
    private readonly places: TenantPlacesOfDeleted,
    private readonly exports: TenantExports,
    private readonly connections: TenantConnections,
    private readonly auditRelay: TenantAuditRelay,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs the steps that are left; returns for how many milliseconds it is too early, 0 when it is done or there is nothing to do.
   *
   * @throws TenantExportFailedError, DatabaseUnreachableError, and what the parts throw
   */
  async run(tenantId: string, signal?: AbortSignal): Promise<number> {
    const tenant = await this.tenants.getById(tenantId);
    if (tenant.status !== 'pending_deletion') return 0;
    const earlyMs = (tenant.deleteAfter?.getTime() ?? 0) - this.clock.now().getTime();
    if (earlyMs > 0) return earlyMs;
    const record = await this.begin(tenantId);
    if (!record) return 0;
    this.connections.cut(tenantId);
    const steps = this.stepsOf(tenant, record, signal);
    for (const [name, step] of steps) {
      signal?.throwIfAborted();
      if (!record.doneSteps.includes(name)) await step();
    }
    await this.finish(tenantId);
    return 0;
  }

  private stepsOf(tenant: TenantCatalog, record: TenantDeletionRecord, signal?: AbortSignal): [string, () => Promise<void>][] {
    const { id } = tenant;
    return [
      ['inventory', () => this.record(id, 'inventory', () => this.inventory(tenant))],
      // What its database says of its own changes, and no other has.
      ['audit-rows', () => this.record(id, 'audit-rows', () => this.relay(tenant))],
      ...(record.isExported
        ? [['export', () => this.record(id, 'export', () => this.export(tenant, signal))] as [string, () => Promise<void>]]
        : []),
      ...this.parts.all.map((part): [string, () => Promise<void>] => [
        `part:${part.name}`,
        () => this.within(id, `part:${part.name}`, async () => ({ parts: { [part.name]: await part.remove(id) } })),
      ]),
      ['storage', () => this.record(id, 'storage', () => this.removeStorage(id))],
      ['users', () => this.record(id, 'users', () => this.places.removeUsers(tenant).then(() => undefined))],
    ];
  }

  /** From here on the tenant cannot be restored: the database lets it go nowhere but on to `deleted`. */
  private async begin(tenantId: string): Promise<TenantDeletionRecord | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      const tenant = await em.findOneOrFail(
        TenantCatalog,
        { id: tenantId },
        { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true },
      );
      // Restored since it was read.
      if (tenant.status !== 'pending_deletion' || (tenant.deleteAfter ?? 0) > this.clock.now()) return undefined;
      const record =
        (await em.findOne(TenantDeletionRecord, { tenantId }, { refresh: true })) ??
        em.create(TenantDeletionRecord, { tenantId, requestedAt: tenant.statusChangedAt, doneSteps: [], removed: {} });
      if (record.startedAt) return record;
      record.startedAt = this.clock.now();
      Object.assign(tenant, { deletionFrom: null, cutsWork: true });
      await em.persist(record).flush();
      const details = { export: record.isExported };
      await this.audit.record({ eventType: 'tenants.deletion-started', tenantId, targetId: tenantId, details });
      return record;
    });
  }

  /** What is on the servers, before any of it is gone. */
  private async inventory(tenant: TenantCatalog): Promise<Facts> {
    const places = await this.places.find(tenant);
    const tables = await this.places.countRows(tenant, places);
    return { storage: places.storage, users: places.users, tables };
  }

  private async relay(tenant: TenantCatalog): Promise<Facts> {
    if (this.auditRelay.isNeeded) await this.places.withOrm(tenant, (orm) => this.auditRelay.relayFrom(tenant.id, orm));
    return undefined;
  }

  private async export(tenant: TenantCatalog, signal?: AbortSignal): Promise<Facts> {
    const manifest = await this.places.open(tenant, (tables) => this.exports.write(tenant, tables, signal));
    return { export: manifest?.files ?? [] };
  }

  private async removeStorage(tenantId: string): Promise<Facts> {
    const record = await this.unitOfWork.em.findOneOrFail(TenantDeletionRecord, { tenantId }, { refresh: true });
    await this.places.removeStorage(tenantId, record.removed['storage'] as string[]);
    return undefined;
  }

  /** Runs a step outside of any transaction, and records it afterwards: it may be run again. */
  private async record(tenantId: string, step: string, work: () => Promise<Facts>): Promise<void> {
    const facts = await work();
    await this.within(tenantId, step, () => Promise.resolve(facts));
  }

  /** Runs a step and records it in one transaction; of two processes that do so one does it. */
  private async within(tenantId: string, step: string, work: () => Promise<Facts>): Promise<void> {
    await this.unitOfWork.transactional(async (em) => {
      const options = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
      const record = await em.findOneOrFail(TenantDeletionRecord, { tenantId }, options);
      if (record.doneSteps.includes(step)) return;
      const facts = (await work()) ?? {};
      const parts = { ...(record.removed['parts'] as object | undefined), ...(facts['parts'] as object | undefined) };
      record.removed = { ...record.removed, ...facts, ...(Object.keys(parts).length > 0 && { parts }) };
      record.doneSteps = [...record.doneSteps, step];
      await em.flush();
    });
  }

  private async finish(tenantId: string): Promise<void> {
    await this.unitOfWork.transactional(async (em) => {
      let slug: string | null = null;
      await this.statuses.change(tenantId, 'deleted', (tenant) => {
        slug = tenant.slug ?? null;
        Object.assign(tenant, { dbUrl: null, dbUrlHash: null, slug: null, archivedFrom: null });
      });
      const record = await em.findOneOrFail(TenantDeletionRecord, { tenantId }, { refresh: true });
      record.removed = { ...record.removed, slug };
      record.completedAt = this.clock.now();
      await em.flush();
      const { export: files, ...removed } = record.removed;
      const details = { removed: { ...removed, ...(files !== undefined && { export: files }) } };
      await this.audit.record({ eventType: 'tenants.purged', tenantId, targetId: tenantId, details });
    });
  }
}
