import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { UnitOfWork } from '../database/index.js';
import { effectiveStatus, TenantCatalog, TenantEvents, TenantNotActiveError, TenantNotFoundError } from '../tenants/index.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';

interface OpenTenant {
  readonly dbUrl: string;
  readonly orm: MikroORM;
  /** Until when the catalogue need not be asked again, in milliseconds of the process's monotonic clock. */
  freshUntil: number;
}

/** The open ORMs of this process, one for each tenant that was entered. */
@Injectable()
export class TenantConnections implements OnModuleInit, OnApplicationShutdown {
  private readonly open = new Map<string, OpenTenant>();
  private readonly refreshing = new Map<string, Promise<OpenTenant>>();
  /** How often the status of a tenant has changed in this process. */
  private readonly generations = new Map<string, number>();
  private readonly connecting = new Map<string, Promise<OpenTenant>>();
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly hostOrm: MikroORM,
    private readonly unitOfWork: UnitOfWork,
    private readonly factory: TenantOrmFactory,
    private readonly tenantEvents: TenantEvents,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.tenantEvents.onStatusChanged(({ tenantId }) => this.forgetFreshness(tenantId));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await Promise.allSettled([...this.refreshing.values(), ...this.connecting.values()]);
    await Promise.all([...this.open.values()].map(({ orm }) => orm.close(true)));
    this.open.clear();
  }

  /** The ORM of a tenant that is known to be active, without waiting; undefined when that has to be found out. */
  warm(tenantId: string): MikroORM | undefined {
    const tenant = this.open.get(tenantId);
    return tenant && performance.now() < tenant.freshUntil ? tenant.orm : undefined;
  }

  /**
   * The ORM of an active tenant, opened if need be; simultaneous callers share one opening.
   *
   * @throws TenantNotFoundError, TenantNotActiveError, DatabaseUnreachableError
   */
  async acquire(tenantId: string): Promise<MikroORM> {
    // Inside a transaction the catalogue may show what is never committed: that is for this caller only.
    if (this.unitOfWork.isActive && this.unitOfWork.isInTransaction) {
      const { dbUrl } = await this.readCatalog(tenantId, this.unitOfWork.em);
      return (await this.connect(tenantId, dbUrl)).orm;
    }
    return (await shared(this.refreshing, tenantId, () => this.refresh(tenantId))).orm;
  }

  private async refresh(tenantId: string): Promise<OpenTenant> {
    const askedAt = performance.now();
    const generation = this.generations.get(tenantId);
    const { dbUrl } = await this.readCatalog(
      tenantId,
      this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager,
    );
    const tenant = await this.connect(tenantId, dbUrl);
    // Unless the status has changed since the catalogue was read.
    if (this.generations.get(tenantId) === generation) tenant.freshUntil = askedAt + this.options.catalogTtlMs;
    return tenant;
  }

  private async readCatalog(tenantId: string, em: SqlEntityManager): Promise<{ dbUrl: string }> {
    const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { disableIdentityMap: true });
    if (!tenant) throw new TenantNotFoundError(tenantId);
    if (effectiveStatus(tenant) !== 'active' || tenant.dbUrl == null) {
      throw new TenantNotActiveError(tenantId, effectiveStatus(tenant));
    }
    return { dbUrl: tenant.dbUrl };
  }

  private async connect(tenantId: string, dbUrl: string): Promise<OpenTenant> {
    const existing = this.open.get(tenantId);
    if (existing?.dbUrl === dbUrl) return existing;
    return shared(this.connecting, `${tenantId} ${dbUrl}`, async () => {
      const tenant = { dbUrl, orm: await this.factory.open(tenantId, dbUrl), freshUntil: 0 };
      const moved = this.open.get(tenantId);
      this.open.set(tenantId, tenant);
      await moved?.orm.close();
      return tenant;
    });
  }

  private forgetFreshness(tenantId: string): void {
    this.generations.set(tenantId, (this.generations.get(tenantId) ?? 0) + 1);
    this.refreshing.delete(tenantId);
    const tenant = this.open.get(tenantId);
    if (tenant) tenant.freshUntil = 0;
  }
}

/** Lets simultaneous callers share one piece of work. */
function shared<T>(running: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  let result = running.get(key);
  if (!result) {
    const started = work().finally(() => {
      if (running.get(key) === started) running.delete(key);
    });
    result = started;
    running.set(key, result);
  }
  return result;
}
