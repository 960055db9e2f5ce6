import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { MikroORM } from '@mikro-orm/core';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { TenantMigrations } from 'nestjs-host-database/tenant-databases';
import { startProgram } from '../child-program.mjs';
import { startModule } from '../sides.mjs';
import { busyCores } from './busy-cores.mjs';
import { median } from '../statistics.mjs';
import { provision } from './provision.mjs';
import { things } from './things.entities.mjs';

const TENANTS = { full: { sqlite: 1_000, postgresql: 200 }, quick: { sqlite: 60, postgresql: 16 } };
const ROUNDS = { full: 3, quick: 1 };
/** A small application: what a tenant's ORM costs grows with them. */
const ENTITIES = 20;
/** At least three times faster, where it is not the CPU that bounds it. */
const BAR = 0.333;
/** From how much of one core on that is so: it works on one thread. */
const CPU_BOUND = 0.9;
/** From how much of all cores on that is so, for it and its server together. */
const ALL_CORES_BOUND = 0.8;
/** For a run that has nothing to do. */
const NOTHING_MS = 2_000;

const entities = things(ENTITIES);

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
  const given = { tenants: TENANTS[size][dialect], rounds: ROUNDS[size] };
  const rows = await rowsOn(await server.createDatabase(), given);
  if (dialect === 'sqlite') return rows;
  // As a server of its own is, and not one that shares the cores.
  const far = startProgram(new URL('far-server.program.mjs', import.meta.url), 'the way to the server');
  try {
    const { hostname: host, port } = new URL(server.url);
    const farPort = await far.ask('listen', { host, port: Number(port) });
    return [...rows, ...(await rowsOn(await server.createDatabase(farPort), { ...given, where: ', server 2 ms away' }))];
  } finally {
    await far.kill();
  }
}

async function rowsOn(database, { tenants, rounds, where = '' }) {
  try {
    const addresses = await provisionFleet(database, tenants);
    const samples = { migrate: { module: [], bare: [] }, nothing: { module: [], bare: [] } };
    const [connections, busy] = [[], []];
    let known = 1;
    for (let round = 0; round < rounds; round++) {
      for (const side of ['bare', 'module']) {
        console.log(`fleet of ${tenants}${where}, round ${round + 1} of ${rounds}: ${side}`);
        const list = Array.from({ length: ++known }, (_, index) => migration(index));
        const work = side === 'module' ? withModule : withLoop;
        const measured = await work({ database, addresses, list });
        samples.migrate[side].push(measured.migrateMs);
        samples.nothing[side].push(measured.nothingMs);
        if (side === 'bare') continue;
        connections.push(measured.connections);
        busy.push(measured.busy);
      }
    }
    return [
      {
        work: `migrate ${tenants} tenants, ${ENTITIES} entities${where}`,
        unit: 'ms',
        bar: BAR,
        exempt: bound(busy),
        ...samples.migrate,
      },
      { work: `nothing to do for ${tenants} tenants${where}`, unit: 'ms', bar: BAR, ...samples.nothing },
      // What bounds it, where that is the CPU.
      ...['process', ...(database.serverPid === undefined ? [] : ['server']), 'machine'].map((scope) => ({
        work: `migrate ${tenants} tenants${where}: busy cores of ${availableParallelism()}, ${scope}`,
        unit: 'cores',
        samples: busy.map((cores) => cores[scope]),
      })),
      {
        work: `nothing to do for ${tenants} tenants${where}`,
        unit: 'ms',
        samples: samples.nothing.module,
        bars: [{ value: median(samples.nothing.module), atMost: NOTHING_MS }],
      },
      {
        work: `nothing to do for ${tenants} tenants${where}: databases of tenants`,
        unit: 'connections',
        samples: connections,
        bars: [{ value: Math.max(...connections), atMost: 0 }],
      },
    ];
  } finally {
    await database.drop();
  }
}

async function withModule({ database, addresses, list }) {
  const migrate = await runOnce(database, list);
  assert.equal(migrate.report.done, addresses.length);
  // The control: they are counted.
  assert.ok(migrate.connections >= addresses.length);
  const nothing = await runOnce(database, list);
  assert.equal(nothing.report.total, 0);
  return { migrateMs: migrate.tookMs, busy: migrate.busy, nothingMs: nothing.tookMs, connections: nothing.connections };
}

/** In an application that has just started: what a process remembers of its last run does not help the next. */
async function runOnce(database, list) {
  let connections = 0;
  const app = await startModule(database, {
    entities,
    migrations: { migrationsList: list },
    mikroOrm: { onCreateConnection: async () => void connections++ },
  });
  try {
    let report;
    const busy = busyCores(database.serverPid);
    const tookMs = await timed(async () => (report = await app.get(TenantMigrations).run()));
    return { report, tookMs, connections, busy: busy() };
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
  return { migrateMs: await timed(() => loop(1)), nothingMs: await timed(() => loop(0)) };
}

/** Names what bounds it, where that is the CPU. That all cores are busy is no excuse by itself: others may be what keeps them so. */
function bound(busy) {
  if (median(busy.map((each) => each.process)) > CPU_BOUND) return 'not counted: its process keeps a core busy';
  const cores = median(busy.map((each) => each.process + each.server));
  if (cores > ALL_CORES_BOUND * availableParallelism())
    return `not counted: it and its server keep ${cores.toFixed(2)} cores busy`;
  return undefined;
}

async function timed(work) {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
}

/** With the first migration. */
async function provisionFleet(database, count) {
  const app = await startModule(database, { entities, migrations: { migrationsList: [migration(0)] } });
  try {
    return (await provision(app, database, count)).map(({ dbUrl }) => dbUrl);
  } finally {
    await app.close();
  }
}
