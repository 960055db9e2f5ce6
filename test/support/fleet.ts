import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import {
  type DatabaseOptions,
  type DatabaseType,
  HostDatabase,
  HostDatabaseModule,
  hostOrmConfig,
  TenantCatalog,
} from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { type GivenTenantDatabasesOptions, TenantDatabases, TenantMigrations } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { scratchDatabase } from './scratch-database.js';

/** A migration that makes a table, and writes down that it ran: twice would be seen. */
function creating(name: string, table: string) {
  return {
    name,
    class: class extends Migration {
      override up(): void | Promise<void> {
        this.addSql(`create table ${table} (id integer primary key)`);
        this.addSql(`create table if not exists applied (name text)`);
        this.addSql(`insert into applied values ('${name}')`);
      }
    },
  };
}

export const M1 = creating('Migration20260101000000_notes', 'notes');
export const M2 = creating('Migration20260201000000_labels', 'labels');
export const M3 = creating('Migration20260301000000_colours', 'colours');
export const M4 = creating('Migration20260401000000_folders', 'folders');

const REFUSING: Readonly<Record<DatabaseType, { readonly making: readonly string[]; readonly dropping: readonly string[] }>> = {
  sqlite: {
    making: [
      `create trigger refuse_versions before update of schema_version on core_tenants begin select raise(abort, 'too busy'); end`,
    ],
    dropping: ['drop trigger refuse_versions'],
  },
  postgresql: {
    making: [
      `create function refuse_versions() returns trigger language plpgsql as $$ begin raise exception 'too busy'; end $$`,
      `create trigger refuse_versions before update of schema_version on core_tenants for each row execute function refuse_versions()`,
    ],
    dropping: ['drop trigger refuse_versions on core_tenants', 'drop function refuse_versions()'],
  },
};

/** An application on the host database of a {@link Fleet}. */
export interface FleetApplication {
  readonly app: INestApplicationContext;
  readonly migrations: TenantMigrations;
  readonly databases: TenantDatabases;
  /** How many connections to databases of tenants it has opened so far. */
  opened(): number;
  run<T>(work: (em: SqlEntityManager) => T | Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type FleetApplicationOptions = Omit<GivenTenantDatabasesOptions, 'migrations'>;

/** One host database with tenants, and the versions of an application that come and go on it. */
export class Fleet {
  private readonly applications = new Set<FleetApplication>();
  private ids: string[] = [];

  private constructor(
    readonly type: DatabaseType,
    readonly database: DatabaseOptions,
    readonly directory: string,
    private readonly remove: () => Promise<void>,
  ) {}

  static async create(type: DatabaseType): Promise<Fleet> {
    const scratch = await scratchDatabase(type);
    const directory = await mkdtemp(join(tmpdir(), 'fleet-'));
    if (type === 'postgresql')
      await admin(scratch.options.url ?? '', (em) => em.execute(`create database "${scratch.options.name}"`));
    return new Fleet(type, scratch.options, directory, () => scratch.drop());
  }

  /** Starts a version of the application: the one that knows these migrations. */
  async start(
    migrationsList: readonly ReturnType<typeof creating>[],
    options: FleetApplicationOptions = {},
  ): Promise<FleetApplication> {
    return startFleetApplication(this, migrationsList, options).then((started) => {
      this.applications.add(started);
      return started;
    });
  }

  /** Makes tenants with the tables of this version. */
  async addTenants(of: FleetApplication, count: number): Promise<string[]> {
    const tenants = of.app.get(TenantsService);
    const added = await of.run(async () => {
      const ids: string[] = [];
      for (let index = 0; index < count; index++) ids.push((await tenants.create({ name: `Tenant ${index}` })).id);
      return ids;
    });
    this.ids.push(...added);
    await of.app.get(JobsService).runPending();
    return added;
  }

  /** Makes the second migration of some tenants fail, until it is mended. */
  async poison(of: FleetApplication, ids: readonly string[], table = 'labels'): Promise<void> {
    for (const id of ids) await of.databases.run(id, (em) => em.execute(`create table ${table} (x integer)`));
  }

  async mend(of: FleetApplication, ids: readonly string[], table = 'labels'): Promise<void> {
    for (const id of ids) await of.databases.run(id, (em) => em.execute(`drop table ${table}`));
  }

  /** Lets every attempt to record a version in the catalogue fail, as where others hold its rows for too long; until it is told to end. */
  async refuseVersions(of: FleetApplication): Promise<() => Promise<void>> {
    const { making, dropping } = REFUSING[this.type];
    const execute = (statements: readonly string[]) =>
      of.run(async (em) => {
        for (const sql of statements) await em.execute(sql);
      });
    await execute(making);
    return () => execute(dropping);
  }

  /** What is in the databases, by how often each migration has run there. */
  async applied(of: FleetApplication, id: string): Promise<string[]> {
    const rows = await of.databases.run(id, (em) => em.execute<{ name: string }[]>('select name from applied order by name'));
    return rows.map(({ name }) => name);
  }

  versions(of: FleetApplication, ids = this.ids): Promise<(string | null | undefined)[]> {
    return of.run(async (em) => {
      const rows = await em.find(TenantCatalog, { id: { $in: [...ids] } }, { orderBy: { id: 'asc' } });
      return rows.map(({ schemaVersion }) => schemaVersion);
    });
  }

  async drop(): Promise<void> {
    for (const each of this.applications) await each.close();
    if (this.type === 'postgresql') {
      await admin(this.database.url ?? '', async (em) => {
        for (const id of this.ids) await em.getConnection().execute(`drop database if exists "tenant_${id}" with (force)`);
      });
    }
    await this.remove();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The application itself, which a process of its own may start as well. */
export async function startFleetApplication(
  { database, directory }: Pick<Fleet, 'database' | 'directory'>,
  migrationsList: readonly ReturnType<typeof creating>[],
  { mikroOrm, ...options }: FleetApplicationOptions = {},
): Promise<FleetApplication> {
  let opened = 0;
  const tenantDatabases: GivenTenantDatabasesOptions = {
    directory,
    catalogTtlMs: 0,
    ...(migrationsList.length > 0 && { migrations: { migrationsList: [...migrationsList] } }),
    ...options,
    fleet: { retryDelayMs: 0, ...options.fleet },
    mikroOrm: { ...mikroOrm, onCreateConnection: async () => void opened++ },
  };
  const module = HostDatabaseModule.forRoot({ database, jobs: { worker: false }, tenantDatabases });
  const app = await NestFactory.createApplicationContext(module, {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  let isClosed = false;
  return {
    app,
    migrations: app.get(TenantMigrations),
    databases: app.get(TenantDatabases),
    opened: () => opened,
    run: (work) => app.get(HostDatabase).run(work),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await app.close();
    },
  };
}

async function admin(url: string, work: (em: SqlEntityManager) => Promise<unknown>): Promise<void> {
  const orm = await MikroORM.init(await hostOrmConfig({ url }));
  try {
    await work(orm.em.fork() as SqlEntityManager);
  } finally {
    await orm.close(true);
  }
}
