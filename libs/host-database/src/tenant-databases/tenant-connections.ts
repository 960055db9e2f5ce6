import type { MikroORM } from '@mikro-orm/core';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InvalidOptionError } from '../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../database/index.js';
import { TenantDirectory, TenantEvents, TenantNotActiveError, TenantNotFoundError } from '../tenants/index.js';
import { closeForGood } from './close-for-good.js';
import type { Lease, TenantLocation } from './lease.js';
import { LeasePool } from './lease-pool.js';
import type { TenantDatabasesStatistics } from './lease-pool.options.js';
import { OutdatedTenants } from './outdated-tenants.js';
import { TenantDatabasesClosedError, TenantRunEndedError, TenantWorkCutError } from './tenant-databases.errors.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { type FoundTenant, TenantLocations } from './tenant-locations.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';

/** How long a shutdown waits for what it has cut to be gone. */
const FORCED_CLOSE_MS = 1_000;

/** The leases on the open ORMs of this process's tenants. */
@Injectable()
export class TenantConnections implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('TenantDatabases');
  private readonly pool: LeasePool<MikroORM>;
  /** Where the tenants with an open ORM are, by what the catalogue said last. */
  private readonly current = new Map<string, FoundTenant>();
  private readonly connectionsOfEach: number;
  private readonly stopListening: (() => void)[] = [];
  private isShutDown = false;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) hostSettings: DatabaseSettings,
    private readonly factory: TenantOrmFactory,
    private readonly locations: TenantLocations,
    private readonly outdated: OutdatedTenants,
    private readonly tenantEvents: TenantEvents,
    private readonly directory: TenantDirectory,
  ) {
    this.connectionsOfEach = connectionsOfEach(options, hostSettings);
    this.pool = new LeasePool<MikroORM>(options, {
      open: ({ tenantId, dbUrl, password }) => this.factory.open(tenantId, dbUrl, { password }),
      close: (orm, location, { isCut }) => this.close(orm, location, isCut),
      connectionsOf: () => this.connectionsOfEach,
    });
  }

  onModuleInit(): void {
    if (this.connectionsOfEach > this.options.maxConnections) {
      const problem = `is ${this.options.maxConnections}, but each tenant may have ${this.connectionsOfEach} (pool.max). Raise it, or lower that.`;
      throw new InvalidOptionError('tenantDatabases.maxConnections', problem);
    }
    this.stopListening.push(
      this.tenantEvents.onStatusChanged(({ tenantId, status }) => {
        if (status !== 'active') this.retire(tenantId);
      }),
      // What another process has done to a tenant.
      this.directory.onReplaced(({ tenantId, record }) => {
        if (record?.status !== 'active') this.retire(tenantId);
      }),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.isShutDown = true;
    for (const stop of this.stopListening) stop();
    await this.pool.close({ timeoutMs: this.options.shutdownTimeoutMs, forcedTimeoutMs: FORCED_CLOSE_MS });
    // The ORM of the host is closed next, and would wait for a question that it cannot answer any more.
    await this.directory.settled();
  }

  /** A lease on the ORM of a tenant that is known to be active, without waiting; undefined when that has to be found out. */
  warm(tenantId: string): Lease<MikroORM> | undefined {
    const tenant = this.current.get(tenantId);
    return tenant && performance.now() < tenant.record.freshUntil ? this.pool.leaseOpen(tenant.location) : undefined;
  }

  /**
   * A lease on the ORM of an active tenant, which is opened if need be; simultaneous callers share one opening.
   *
   * @throws TenantNotFoundError, TenantNotActiveError, DatabaseUnreachableError, TenantCapacityError, TenantDatabasesClosedError
   * @throws TenantWorkCutError when it is closed without draining while this opens it
   * @throws TenantOutdatedError where its tables are older than this application and that is refused; else what migrating them throws
   */
  async acquire(tenantId: string): Promise<Lease<MikroORM>> {
    this.pool.assertUsable();
    let tenant = await this.find(tenantId);
    for (;;) {
      await this.outdated.admit(tenant.location, tenant.record);
      const atOnce = this.pool.leaseOpen(tenant.location);
      const lease = atOnce ?? (await this.pool.lease(tenant.location));
      try {
        // It may have been suspended, or have moved, while this caller waited for a place.
        const isCurrent = atOnce !== undefined || performance.now() < tenant.record.freshUntil;
        const now = isCurrent ? tenant : await this.find(tenantId);
        if (now.location.key === tenant.location.key) {
          this.remember(now);
          return lease;
        }
        tenant = now;
      } catch (error) {
        lease.release();
        throw error;
      }
      lease.release();
    }
  }

  /** What is open, what is used and what was turned away. */
  statistics(): TenantDatabasesStatistics {
    return this.pool.statistics();
  }

  /** Closes what is open for a tenant now: work that is under way there fails. */
  cut(tenantId: string): void {
    this.pool.cut(tenantId);
  }

  /** The tenants in whose databases work is under way in this process. */
  leasedTenants(): string[] {
    return this.pool.leasedTenants();
  }

  private async find(tenantId: string): Promise<FoundTenant> {
    try {
      return await this.locations.find(tenantId);
    } catch (error) {
      if (error instanceof TenantNotActiveError || error instanceof TenantNotFoundError) this.retire(tenantId);
      throw error;
    }
  }

  private remember(tenant: FoundTenant): void {
    const { tenantId, key } = tenant.location;
    const before = this.current.get(tenantId);
    if (!tenant.record.isCommitted || (before && before.record.askedAt > tenant.record.askedAt)) return;
    if (before && before.location.key !== key) this.pool.retire(before.location);
    this.current.set(tenantId, tenant);
  }

  /** Work that is under way goes on. */
  private retire(tenantId: string): void {
    const tenant = this.current.get(tenantId);
    if (tenant) this.pool.retire(tenant.location);
  }

  private async close(orm: MikroORM, { tenantId, key }: TenantLocation, isCut: boolean): Promise<void> {
    if (this.current.get(tenantId)?.location.key === key) this.current.delete(tenantId);
    const refusal = () => {
      if (isCut) return new TenantWorkCutError(tenantId);
      return this.isShutDown ? new TenantDatabasesClosedError() : new TenantRunEndedError(tenantId);
    };
    try {
      await closeForGood(orm, { force: isCut, refusal });
    } catch (error) {
      this.logger.warn(`The connections to the database of tenant ${tenantId} did not close cleanly: ${String(error)}`);
    }
  }
}

/** How many connections the ORM of one tenant has at most. A SQLite file has one in each process. */
function connectionsOfEach({ pool, mikroOrm }: TenantDatabasesOptions, { type }: DatabaseSettings): number {
  if (type === 'sqlite') return 1;
  const servers = 1 + (mikroOrm?.replicas?.length ?? 0);
  return servers * (pool.max ?? DRIVER_POOL_MAX);
}

/** The size of a pool of `pg` where no other is given. */
const DRIVER_POOL_MAX = 10;
