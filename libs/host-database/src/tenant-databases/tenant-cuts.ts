import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { TenantCatalog, TenantDirectory, TenantEvents } from '../tenants/index.js';
import { TenantConnections } from './tenant-connections.js';

/**
 * How often the catalogue is asked about tenants in whose databases work is under way and of whose changes nobody tells: within a second, with
 * room to spare.
 */
const POLL_INTERVAL_MS = 500;

/** Cuts work that is under way in the databases of tenants that were closed without draining, whichever process has closed them. */
@Injectable()
export class TenantCuts implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private readonly stopListening: (() => void)[] = [];
  private asking: Promise<void> | undefined;

  constructor(
    private readonly hostOrm: MikroORM,
    private readonly connections: TenantConnections,
    private readonly events: TenantEvents,
    private readonly directory: TenantDirectory,
  ) {}

  onModuleInit(): void {
    this.stopListening.push(
      this.events.onStatusChanged(({ tenantId, cutsWork }) => {
        if (cutsWork) this.connections.cut(tenantId);
      }),
      this.directory.onReplaced(({ tenantId, record }) => {
        if (record?.cutsWork === true) this.connections.cut(tenantId);
      }),
    );
    this.timer = setInterval(() => {
      // A host database that is away says nothing of anybody: it is asked again.
      this.asking ??= this.ask()
        .catch(() => undefined)
        .finally(() => (this.asking = undefined));
    }, POLL_INTERVAL_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    for (const stop of this.stopListening) stop();
    clearInterval(this.timer);
    await this.asking;
  }

  private async ask(): Promise<void> {
    const leased = [...new Set(this.connections.leasedTenants())].filter((tenantId) => !this.directory.isWatching(tenantId));
    if (leased.length === 0) return;
    const em = this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager;
    const closed = await em.find(
      TenantCatalog,
      { id: { $in: leased }, isActive: false, cutsWork: true },
      { fields: ['id'], disableIdentityMap: true },
    );
    for (const { id } of closed) this.connections.cut(id);
  }
}
