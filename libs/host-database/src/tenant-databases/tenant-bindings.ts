import { AsyncLocalStorage } from 'node:async_hooks';
import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { TransactionRollbackOnlyError } from '../database/index.js';
import { tenantContextName } from './entity-ownership.js';
import type { Lease } from './lease.js';
import { NoTenantError, TenantRunEndedError } from './tenant-databases.errors.js';

/** One run() in one tenant. */
export class TenantBinding {
  private entityManager: SqlEntityManager | undefined;
  private isOver = false;
  /** Why what was changed in this run may not be written any more. */
  failure?: { readonly cause: unknown };
  /** How many transactions and savepoints are open in this run. */
  openTransactions = 0;
  /** The name of the EntityManagers that this run may use. */
  readonly contextName: string;

  constructor(
    readonly tenantId: string,
    /** Keeps the database open; none where the tools of the library work in a database that they have opened for themselves. */
    readonly lease?: Lease<MikroORM>,
  ) {
    this.contextName = lease?.resource.em.name ?? tenantContextName(tenantId);
  }

  /** The unit of work of this run. */
  get em(): SqlEntityManager {
    if (this.isOver || !this.entityManager) throw new TenantRunEndedError(this.tenantId);
    return this.entityManager;
  }

  get isOpen(): boolean {
    return !this.isOver;
  }

  begin(em: SqlEntityManager): SqlEntityManager {
    return (this.entityManager = em);
  }

  /** @throws TransactionRollbackOnlyError when a part of this run has failed */
  assertWritable(): void {
    if (this.failure) throw new TransactionRollbackOnlyError({ cause: this.failure.cause });
  }

  /** From here on everything that still holds on to this run is refused. */
  end(): void {
    this.isOver = true;
  }
}

/** Which tenant is bound in the current async context. */
@Injectable()
export class TenantBindings {
  private readonly storage = new AsyncLocalStorage<TenantBinding>();

  /** The run that the caller is in, ended or not. */
  get bound(): TenantBinding | undefined {
    return this.storage.getStore();
  }

  /** The run that the caller is in, if it has not ended. */
  get current(): TenantBinding | undefined {
    const binding = this.storage.getStore();
    return binding?.isOpen ? binding : undefined;
  }

  /** The run that the caller is in. @throws NoTenantError, TenantRunEndedError */
  get openBinding(): TenantBinding {
    const binding = this.storage.getStore();
    if (!binding) throw new NoTenantError();
    if (!binding.isOpen) throw new TenantRunEndedError(binding.tenantId);
    return binding;
  }

  /** The EntityManager of the tenant that is bound here. @throws NoTenantError, TenantRunEndedError */
  get em(): SqlEntityManager {
    return this.openBinding.em;
  }

  /** The run that the caller is in, ended or not, if it is in the tenant whose EntityManagers have this name. */
  boundTo(contextName: string): TenantBinding | undefined {
    const binding = this.storage.getStore();
    return binding?.contextName === contextName ? binding : undefined;
  }

  run<T>(binding: TenantBinding, work: () => T): T {
    return this.storage.run(binding, work);
  }
}
