import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { type DatabaseType, HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import {
  TenantDatabases,
  TenantPlacement,
  TenantProvisionings,
  TenantStorage,
  TenantUsers,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { QUICK_DEATHS } from './chaos-arena.js';
import { type Program, startProgram } from './child-process.js';
import { type ProvisioningSetup, startProvisioning } from './provisioning-application.js';
import { scratchDatabase } from './scratch-database.js';
import { until } from './until.js';

/** A host database, the application that makes tenants on it, and processes that die while they do. */
export class ProvisioningArena {
  private constructor(
    readonly type: DatabaseType,
    readonly setup: ProvisioningSetup,
    readonly app: INestApplicationContext,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(type: DatabaseType, { warmPool = 0 } = {}): Promise<ProvisioningArena> {
    const scratch = await scratchDatabase(type);
    const directory = await mkdtemp(join(tmpdir(), 'provisioning-'));
    const setup = { database: scratch.options, directory, jobs: { worker: false, ...QUICK_DEATHS }, warmPool };
    const app = await startProvisioning(setup);
    return new ProvisioningArena(type, setup, app, async () => {
      await scratch.drop();
      await rm(directory, { recursive: true, force: true });
    });
  }

  run<T>(work: () => T | Promise<T>): Promise<T> {
    return this.app.get(HostDatabase).run(work);
  }

  async create(name: string): Promise<string> {
    return this.run(async () => (await this.app.get(TenantsService).create({ name })).id);
  }

  query<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.run(() => this.app.get(HostDatabase).em.execute<T[]>(sql, [...values]));
  }

  /** Starts a process that works until it comes to this place. */
  worker(place: string, signal: NodeJS.Signals = 'SIGKILL'): Program {
    return startProgram('provision-tenants', { env: { SETUP: JSON.stringify(this.setup), PLACE: place, SIGNAL: signal } });
  }

  /** Works in this process until no job is left, those of the dead too. */
  async finish(timeoutMs = 60_000): Promise<void> {
    const jobs = this.app.get(JobsService);
    await until(async () => {
      await this.run(() => this.app.get(TenantProvisionings).rescueLost());
      await jobs.runPending();
      const [row] = await this.query<{ live: number | string }>(
        `select count(*) as live from sys_jobs where status in ('pending', 'scheduled', 'running', 'blocked', 'parked')`,
      );
      return Number(row?.live) === 0;
    }, timeoutMs);
  }

  /** What there is of each of these tenants, and what its row says. */
  async remains(ids: readonly string[]): Promise<
    {
      id: string;
      status: string | undefined;
      state: string | undefined;
      hasPlace: boolean;
      hasUser: boolean;
      isEntered: boolean;
    }[]
  > {
    return this.run(async () => {
      const { em } = this.app.get(HostDatabase);
      const found = [];
      for (const id of ids) {
        const tenant = await em.findOne(TenantCatalog, { id }, { refresh: true });
        const [provisioning] = await em.execute<{ state: string }[]>(
          'select state from sys_tenant_provisionings where tenant_id = ?',
          [id],
        );
        const { address } = await this.app.get(TenantPlacement).choose({ tenantId: id });
        const hasPlace = await this.app.get(TenantStorage).exists(address);
        const roles =
          this.type === 'sqlite' ? [] : await em.execute('select 1 from pg_roles where rolname = ?', [`tenant_${id}`]);
        const isEntered = await this.app
          .get(TenantDatabases)
          .run(id, async (tenantEm) => (await tenantEm.execute('select 1 from note')).length > 0)
          .catch(() => false);
        found.push({ id, status: tenant?.status, state: provisioning?.state, hasPlace, hasUser: roles.length > 0, isEntered });
      }
      return found;
    });
  }

  /** The files of the directory of SQLite tenants, without what SQLite keeps beside them. */
  async files(): Promise<string[]> {
    return (await readdir(this.setup.directory))
      .filter((file) => file.endsWith('.db'))
      .map((file) => file.slice(0, -'.db'.length));
  }

  /** Removes all, with what is left of these tenants. */
  async close(ids: readonly string[]): Promise<void> {
    const { app } = this;
    for (const id of ids) {
      const { address } = await app.get(TenantPlacement).choose({ tenantId: id });
      await app.get(TenantUsers).drop(address);
      await app.get(TenantStorage).drop(address);
    }
    await app.close();
    await this.drop();
  }
}
