import assert from 'node:assert/strict';
import { defineEntity, MikroORM, p } from '@mikro-orm/core';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { TenantMigrations } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { startModule } from '../sides.mjs';

const TENANTS = { full: { sqlite: 1_000, postgresql: 200 }, quick: { sqlite: 60, postgresql: 16 } };
const ROUNDS = { full: 3, quick: 1 };
/** A small application: what a tenant's ORM costs grows with them. */
const ENTITIES = 20;
/** At least three times faster. What bounds it: on SQLite the CPU and the syncs of the files, on PostgreSQL the server's connections. */
const BAR = 0.333;

const entities = Array.from({ length: ENTITIES }, (_, index) =>
  defineEntity({
    name: `Thing${index}`,
    tableName: `things_${index}`,
    properties: {
      id: p.integer().primary(),
      name: p.string(),
      note: p.text().nullable(),
      amount: p.integer().default(0),
      createdAt: p.datetime().nullable(),
    },
  }),
);

/** Two statements, as a small migration has them; each has a table of its own. */
function migration(index) {
  const name = `Migration202601${String(index).padStart(2, '0')}000000`;
  return {
    name,
    class: class extends Migration {
      up() {
        this.addSql(`create table steps_${index} (id integer primary key, name varchar(255) not null)`);
        this.addSql(`create index steps_${index}_name on steps_${index} (name)`);
      }
    },
  };
}

/**
 * Migrates a fleet that is one migration behind: TenantMigrations.run() beside a loop over MikroORM's own migrator, by turns, on the same
 * tenants, each migration once. Then the same where there is nothing to do.
 */
export async function fleetRows({ server, dialect, quick }) {
  const size = quick ? 'quick' : 'full';
  const [tenants, rounds] = [TENANTS[size][dialect], ROUNDS[size]];
  const database = await server.createDatabase();
  try {
    const addresses = await provision(database, tenants);
    const samples = { migrate: { module: [], bare: [] }, nothing: { module: [], bare: [] } };
    let known = 1;
    for (let round = 0; round < rounds; round++) {
      for (const side of ['bare', 'module']) {
        console.log(`fleet of ${tenants}, round ${round + 1} of ${rounds}: ${side}`);
        const list = Array.from({ length: ++known }, (_, index) => migration(index));
        const work = side === 'module' ? withModule : withLoop;
        const [migrate, nothing] = await work({ database, addresses, list });
        samples.migrate[side].push(migrate);
        samples.nothing[side].push(nothing);
      }
    }
    return [
      { work: `migrate ${tenants} tenants, ${ENTITIES} entities`, unit: 'ms', bar: BAR, ...samples.migrate },
      { work: `nothing to do for ${tenants} tenants`, unit: 'ms', bar: BAR, ...samples.nothing },
    ];
  } finally {
    await database.drop();
  }
}

async function withModule({ database, addresses, list }) {
  const app = await startModule(database, { entities, migrations: { migrationsList: list } });
  try {
    const migrations = app.get(TenantMigrations);
    return [
      await timed(async () => assert.equal((await migrations.run()).done, addresses.length)),
      await timed(async () => assert.equal((await migrations.run()).total, 0)),
    ];
  } finally {
    await app.close();
  }
}

/** What MikroORM's documentation leaves to the caller. */
async function withLoop({ database, addresses, list }) {
  const loop = async (expected) => {
    for (const address of addresses) {
      const orm = await MikroORM.init({
        ...database.bare(address),
        entities,
        extensions: [Migrator],
        migrations: { migrationsList: list, snapshot: false, silent: true },
      });
      assert.equal((await orm.migrator.up()).length, expected);
      await orm.close(true);
    }
  };
  return [await timed(() => loop(1)), await timed(() => loop(0))];
}

async function timed(work) {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
}

/** Tenants as every installation gets them, with the first migration. */
async function provision(database, count) {
  const app = await startModule(database, { entities, migrations: { migrationsList: [migration(0)] } });
  try {
    const host = app.get(HostDatabase);
    await host.run(async () => {
      for (let index = 0; index < count; index++) {
        database.tenantIds.push((await app.get(TenantsService).create({ name: `Tenant ${index}` })).id);
      }
    });
    await app.get(JobsService).runPending();
    const rows = await host.run((em) => em.find(TenantCatalog, { status: 'active' }));
    assert.equal(rows.length, count);
    return rows.map(({ dbUrl }) => dbUrl);
  } finally {
    await app.close();
  }
}
