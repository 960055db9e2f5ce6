import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../../database/index.js';
import type { TenantMode } from '../../tenants/index.js';
import { TenantPlacementError } from '../tenant-databases.errors.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import type { ServerLoad } from './placement.options.js';
import { TenantServers } from './tenant-servers.js';

/** How long a tenant that was placed counts where it was placed, before the catalogue does so: what provisioning may take. */
const REMEMBERED_MS = 60_000;

/** Where a tenant is to live. */
export interface TenantPlace {
  /** The name of a server of `tenantDatabases.placement.servers`. */
  readonly server: string;
  readonly mode: TenantMode;
  /** Without credentials. */
  readonly address: string;
}

/** For whom a place is looked for, and what is asked of it. */
export interface PlacementRequest {
  readonly tenantId: string;
  /** @default that of `tenantDatabases.placement` */
  readonly mode?: TenantMode;
  /** A server that takes no new tenants, too. @default what `tenantDatabases.placement.choose` says */
  readonly server?: string;
}

interface Placed {
  readonly server: string;
  readonly at: number;
}

/** Chooses where new tenants live. */
@Injectable()
export class TenantPlacement {
  /** Those that this process has placed and the catalogue may not count yet. */
  private readonly placed = new Map<string, Placed>();

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly hostOrm: MikroORM,
    private readonly servers: TenantServers,
  ) {}

  /**
   * Chooses a server for a tenant, and says where on it the tenant is to live. Nothing is made or written: who goes on with the place
   * keeps it, for the next answer may be another.
   *
   * @throws TenantServerUnknownError when the server is not among those of the options
   * @throws TenantPlacementError when none takes tenants, or the host's kind of database does not have the mode
   */
  async choose({ tenantId, mode = this.defaultMode, server }: PlacementRequest): Promise<TenantPlace> {
    if (mode === 'schema' && this.hostSettings.type === 'sqlite') throw new TenantPlacementError(tenantId, 'no-schemas');
    const chosen = this.servers.named(server ?? (await this.decide(tenantId, mode)), tenantId);
    this.placed.set(tenantId, { server: chosen.name, at: performance.now() });
    return { server: chosen.name, mode, address: chosen.addressOf(tenantId, mode) };
  }

  private get defaultMode(): TenantMode {
    return this.options.placement.mode ?? 'database';
  }

  private async decide(tenantId: string, mode: TenantMode): Promise<string> {
    const takers = this.servers.all.filter(({ acceptsNew }) => acceptsNew);
    const [only] = takers;
    if (!only) throw new TenantPlacementError(tenantId, 'no-server');
    const { choose } = this.options.placement;
    if (!choose && takers.length === 1) return only.name;
    const counts = await this.count(tenantId);
    const loads = takers.map(({ name, weight }): ServerLoad => ({ name, weight, tenants: counts.get(name) ?? 0 }));
    return choose ? choose({ tenantId, mode, servers: loads }) : leastLoaded(loads, only.name);
  }

  /** How many tenants live on each server, and are about to. */
  private async count(tenantId: string): Promise<Map<string, number>> {
    for (const [id, { at }] of this.placed) if (performance.now() - at > REMEMBERED_MS) this.placed.delete(id);
    const placed = [...this.placed].filter(([id]) => id !== tenantId);
    const em = this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager;
    const living = await em.execute<{ server: string; tenants: number | string }[]>(
      `select server, count(*) as tenants from core_tenants where server is not null and status <> 'deleted' group by server`,
    );
    const counts = new Map(living.map(({ server, tenants }) => [server, Number(tenants)]));
    const ids = placed.map(([id]) => id);
    const known = ids.length === 0 ? [] : await this.withServer(em, ids);
    for (const [id, { server }] of placed) {
      if (known.includes(id)) this.placed.delete(id);
      else counts.set(server, (counts.get(server) ?? 0) + 1);
    }
    return counts;
  }

  /** Which of these tenants the catalogue counts itself. */
  private async withServer(em: SqlEntityManager, ids: readonly string[]): Promise<string[]> {
    const places = ids.map(() => '?').join(', ');
    const rows = await em.execute<{ id: string }[]>(
      `select id from core_tenants where id in (${places}) and (server is not null or status in ('failed', 'deleted'))`,
      [...ids],
    );
    return rows.map(({ id }) => id);
  }
}

/** With one more tenant each, the one that is then the least full; the first of several. */
function leastLoaded(loads: readonly ServerLoad[], first: string): string {
  let best = { name: first, load: Infinity };
  for (const { name, weight, tenants } of loads) {
    const load = (tenants + 1) / weight;
    if (load < best.load) best = { name, load };
  }
  return best.name;
}
