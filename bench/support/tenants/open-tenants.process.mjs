import 'reflect-metadata';
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { things } from './things.entities.mjs';

// Runs in a process of its own: opens one tenant, then all the others, and tells what those took.
const given = await new Promise((resolve) => process.once('message', resolve));
const entities = things(given.entities);
const find = async (em) => void (await em.findOne(entities[0], { id: 1 }));
/** Nothing is closed before the end. */
const pool = { min: 0, max: 4, idleTimeoutMillis: 600_000 };
const [first, ...others] = given.places;

const { open, close } = await (given.side === 'module' ? withModule() : withMikroOrm());
await open(first);
const before = await memory();
for (const place of others) await open(place);
const after = await memory();
await close();
process.send({ heapUsed: after.heapUsed - before.heapUsed, rss: after.rss - before.rss }, () => process.disconnect());

async function memory() {
  // What was dropped may hold on to other things until the next turn.
  for (let pass = 0; pass < 3; pass++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage();
}

async function withModule() {
  const { TenantDatabases } = await import('nestjs-host-database/tenant-databases');
  const { startModule } = await import('../sides.mjs');
  const maxOpen = given.places.length;
  const limits = { maxOpen, maxConnections: maxOpen * pool.max, idleTimeoutMs: 0 };
  const application = await startModule(given, { entities, pool, ...limits });
  const tenantDatabases = application.get(TenantDatabases);
  return {
    open: ({ id }) => tenantDatabases.run(id, find),
    close: async () => {
      assert.equal(tenantDatabases.statistics().open, maxOpen);
      await application.close();
    },
  };
}

/** Nothing here loads the library. */
async function withMikroOrm() {
  const { MikroORM } = await import('@mikro-orm/core');
  const driver = await driverOf(given.type);
  const opened = [];
  return {
    open: async ({ address }) => {
      const orm = await MikroORM.init({ ...given.bare, ...address, driver, pool, entities });
      opened.push(orm);
      await find(orm.em.fork());
    },
    close: async () => {
      for (const orm of opened) await orm.close();
    },
  };
}

async function driverOf(type) {
  if (type === 'sqlite') return (await import('@mikro-orm/sqlite')).SqliteDriver;
  return (await import('@mikro-orm/postgresql')).PostgreSqlDriver;
}
