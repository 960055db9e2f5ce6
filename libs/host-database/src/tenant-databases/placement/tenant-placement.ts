import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { withoutUndefined } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../../database/index.js';
import { TenantCatalog, type TenantMode } from '../../tenants/index.js';
import { TenantPlacementError } from '../tenant-databases.errors.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import type { PlacementDecision, ServerLoad } from './placement.options.js';
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
  async choose({ tenantId, ...asked }: PlacementRequest): Promise<TenantPlace> {
    const usual = asked.mode ?? this.options.placement.mode ?? 'database';
    const decided = asked.server === undefined ? await this.decide(tenantId, usual) : { mode: usual, server: asked.server };
    const mode = asked.mode ?? decided.mode;
    if (mode === 'schema' && this.hostSettings.type === 'sqlite') throw new TenantPlacementError(tenantId, 'no-schemas');
    const server = this.servers.named(decided.server, tenantId);
    return { server: server.name, mode, address: server.addressOf(tenantId, mode) };
  }

  private async decide(tenantId: string, mode: TenantMode): Promise<Required<PlacementDecision>> {
    const takers = this.servers.all.filter(({ acceptsNew }) => acceptsNew);
    const [only] = takers;
    if (!only) throw new TenantPlacementError(tenantId, 'no-server');
    const { choose } = this.options.placement;
    if (!choose && takers.length === 1) return { server: only.name, mode };
    const em = this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager;
    const planTier = choose && (await this.planTierOf(em, tenantId));
    const living = await this.countLiving(em);
    // From here to where this one is remembered nobody gets in between: many at once are spread as if they came one by one.
    const servers = takers.map(({ name, weight }): ServerLoad => {
      const placed = [...this.placed].filter(([id, { server }]) => server === name && id !== tenantId).length;
      return { name, weight, tenants: (living.get(name) ?? 0) + placed };
    });
    const server = leastLoaded(servers, only.name);
    this.placed.set(tenantId, { server, at: performance.now() });
    if (!choose) return { server, mode };
    const decided = { server, mode, ...withoutUndefined(await choose({ tenantId, planTier, mode, servers })) };
    this.placed.set(tenantId, { server: decided.server, at: performance.now() });
    return decided;
  }

  private async planTierOf(em: SqlEntityManager, tenantId: string): Promise<string | undefined> {
    return (await em.findOne(TenantCatalog, { id: tenantId }, { fields: ['planTier'] }))?.planTier;
  }

  /** How many tenants live on each server, as the catalogue says; forgets those of `placed` that are among them. */
  private async countLiving(em: SqlEntityManager): Promise<Map<string, number>> {
    for (const [id, { at }] of this.placed) if (performance.now() - at > REMEMBERED_MS) this.placed.delete(id);
    const settled = this.placed.size === 0 ? [] : await this.settled(em, [...this.placed.keys()]);
    const living = await em.execute<{ server: string; tenants: number | string }[]>(
      `select server, count(*) as tenants from core_tenants where server is not null and status <> 'deleted' group by server`,
    );
    for (const id of settled) this.placed.delete(id);
    return new Map(living.map(({ server, tenants }) => [server, Number(tenants)]));
  }

  /** Which of these tenants the catalogue counts itself, or will not come to live anywhere. */
  private async settled(em: SqlEntityManager, ids: readonly string[]): Promise<string[]> {
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
