import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { UnitOfWork, withoutPassword } from '../database/index.js';
import {
  effectiveStatus,
  TenantAddresses,
  TenantCatalog,
  TenantEvents,
  TenantNotActiveError,
  TenantNotFoundError,
} from '../tenants/index.js';
import { TenantLocation } from './lease.js';
import type { StoredSchema } from './schema-target.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { TenantPasswords } from './tenant-passwords.js';

/** What the catalogue said. */
export interface FoundTenant {
  readonly location: TenantLocation;
  /** Which version its tables have. */
  readonly schema: StoredSchema;
  /** When it was asked, in milliseconds of the process's monotonic clock. */
  readonly askedAt: number;
  /** Inside a transaction the catalogue may show what is never committed: that is for this caller only. */
  readonly isCommitted: boolean;
  /** How many changes of status this process had seen when it was asked. */
  readonly changes: number;
}

/** Asks the catalogue where the data of active tenants is. */
@Injectable()
export class TenantLocations implements OnModuleInit, OnApplicationShutdown {
  private readonly asking = new Map<string, Promise<FoundTenant>>();
  private changes = 0;
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly hostOrm: MikroORM,
    private readonly unitOfWork: UnitOfWork,
    private readonly tenantEvents: TenantEvents,
    private readonly addresses: TenantAddresses,
    private readonly passwords: TenantPasswords,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.tenantEvents.onStatusChanged(({ tenantId }) => {
      this.changes++;
      // Whoever asks from now on gets an answer from after the change.
      this.asking.delete(tenantId);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await Promise.allSettled(this.asking.values());
  }

  /**
   * Asks once for any number of simultaneous callers; in a transaction of the host, with what that has written.
   *
   * @throws TenantNotFoundError, TenantNotActiveError
   * @throws SecretTamperedError, SecretKeyUnknownError, SecretKeyProviderError, SecretsNotConfiguredError
   */
  find(tenantId: string): Promise<FoundTenant> {
    if (this.unitOfWork.isActive && this.unitOfWork.isInTransaction) {
      return this.ask(tenantId, { em: this.unitOfWork.em, isCommitted: false });
    }
    let answer = this.asking.get(tenantId);
    if (!answer) {
      const em = this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager;
      const asked = this.ask(tenantId, { em, isCommitted: true }).finally(() => {
        if (this.asking.get(tenantId) === asked) this.asking.delete(tenantId);
      });
      answer = asked;
      this.asking.set(tenantId, answer);
    }
    return answer;
  }

  /** Until when the catalogue need not be asked again; 0 when it has to be. */
  freshUntil({ askedAt, changes, isCommitted }: FoundTenant): number {
    return isCommitted && changes === this.changes ? askedAt + this.options.catalogTtlMs : 0;
  }

  private async ask(
    tenantId: string,
    { em, isCommitted }: { readonly em: SqlEntityManager; readonly isCommitted: boolean },
  ): Promise<FoundTenant> {
    const [askedAt, changes] = [performance.now(), this.changes];
    const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { disableIdentityMap: true });
    if (!tenant) throw new TenantNotFoundError(tenantId);
    if (effectiveStatus(tenant) !== 'active' || tenant.dbUrl == null) {
      throw new TenantNotActiveError(tenantId, effectiveStatus(tenant));
    }
    const address = await this.addresses.reveal({ id: tenantId, dbUrl: tenant.dbUrl });
    const location = new TenantLocation(tenantId, withoutPassword(address), this.passwords.of(tenantId, address));
    const { schemaVersion, schemaDigest } = tenant;
    return { location, schema: { schemaVersion, schemaDigest }, askedAt, changes, isCommitted };
  }
}
