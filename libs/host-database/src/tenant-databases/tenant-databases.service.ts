import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { assertId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { hasPendingChanges } from '../database/index.js';
import { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TenantConnections } from './tenant-connections.js';
import type { Lease } from './lease.js';
import type { TenantDatabasesStatistics } from './lease-pool.options.js';
import { newUnitOfWork } from './tenant-entity-manager.js';
import { TenantSwitchError, TenantWorkCutError } from './tenant-databases.errors.js';

/** Where tenant data lives: the way into one tenant's own database. */
@Injectable()
export class TenantDatabases {
  constructor(
    private readonly connections: TenantConnections,
    private readonly bindings: TenantBindings,
    context: ContextService,
  ) {
    context.setTenantSource(() => this.currentTenantId);
  }

  /** The id of the tenant that is bound here. */
  get currentTenantId(): string | undefined {
    return this.bindings.current?.tenantId;
  }

  /**
   * Runs `work` in one tenant's database, in a unit of work of its own: flushed when it resolves, discarded when it throws.
   * Repositories and EntityManagers injected with `@InjectTenantRepository()` and `@InjectTenantEntityManager()` reach this tenant
   * in all that `work` awaits. Inside a run() of the same tenant it joins that one's unit of work, and its failure is the failure of both.
   *
   * The database stays open for as long as `work` takes, also where the tenant is suspended or moves meanwhile; who enters it after that
   * is refused, or reaches the new place.
   *
   * @throws InvalidIdError, TenantNotFoundError, TenantNotActiveError, DatabaseUnreachableError
   * @throws TenantOutdatedError where its tables are older than this application and `outdated` is `refuse`; where it is `migrate`, whatever
   * migrating them throws
   * @throws TenantCapacityError when all that this process may have open is in use; TenantDatabasesClosedError while it shuts down
   * @throws TenantWorkCutError when the tenant is closed without draining while `work` is under way
   * @throws TenantSwitchError inside a run() of another tenant
   * @throws TransactionRollbackOnlyError when a joined run failed and its error was swallowed
   */
  run<T>(tenantId: string, work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    // Not async: a promise around the one of the work costs a warm run some percent of a query.
    try {
      const id = assertId(tenantId, 'tenant');
      const outer = this.bindings.current;
      if (outer) {
        if (outer.tenantId !== id) throw new TenantSwitchError(outer.tenantId, id);
        return joined(outer, work);
      }
      const open = this.connections.warm(id);
      return open ? this.begin(id, open, work) : this.connections.acquire(id).then((lease) => this.begin(id, lease, work));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What the tenants' databases cost this process at this moment, and what has happened to them since it started. */
  statistics(): TenantDatabasesStatistics {
    return this.connections.statistics();
  }

  private begin<T>(tenantId: string, lease: Lease<MikroORM>, work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    const binding = new TenantBinding(tenantId, lease);
    return this.bindings.run(binding, () => enter(lease, binding, work));
  }
}

/** Begins a unit of work and sees it to its end; the lease is given back whatever happens. */
async function enter<T>(
  lease: Lease<MikroORM>,
  binding: TenantBinding,
  work: (em: SqlEntityManager) => T | Promise<T>,
): Promise<T> {
  try {
    const em = binding.begin(newUnitOfWork(lease.resource));
    try {
      const result = await work(em);
      binding.assertWritable();
      if (hasPendingChanges(em)) await em.flush();
      return result;
    } catch (error) {
      em.clear();
      if (!lease.isCut || error instanceof TenantWorkCutError) throw error;
      throw new TenantWorkCutError(binding.tenantId, { cause: error });
    } finally {
      // Begun with em.begin() and left open: others need the connection.
      if (em.isInTransaction() && !lease.isCut) await em.rollback();
    }
  } finally {
    binding.end();
    lease.release();
  }
}

/** As part of a run that is open: when it throws, nothing of that run is written, also where a caller catches the error. */
async function joined<T>(binding: TenantBinding, work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
  // It may outlast the run that it has joined, where that does not await it.
  const lease = binding.lease?.again();
  try {
    const result = await work(binding.em);
    if (hasPendingChanges(binding.em.getContext())) await binding.em.flush();
    return result;
  } catch (error) {
    binding.failure ??= { cause: error };
    throw error;
  } finally {
    lease?.release();
  }
}
