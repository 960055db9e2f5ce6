import assert from 'node:assert/strict';
import { MikroORM } from '@mikro-orm/core';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { comparePaired } from '../paired.mjs';
import { startModule } from '../sides.mjs';
import { provision } from './provision.mjs';
import { things } from './things.entities.mjs';

const ENTITIES = 30;
const TENANTS = 8;

/**
 * The first run() of a tenant, beside an ORM that is made for one query. One tenant may be open and one is remembered: each run() asks the
 * catalogue, closes what is open and opens another.
 */
export async function coldOpenRows({ server, quick }) {
  const entities = things(ENTITIES);
  const database = await server.createDatabase();
  const application = await startModule(database, { entities, maxOpen: 1 }, { tenantDirectory: { maxEntries: 1 } });
  try {
    const tenants = await provision(application, database, TENANTS);
    const tenantDatabases = application.get(TenantDatabases);
    const find = (em) => em.findOne(entities[0], { id: 1 });
    const before = tenantDatabases.statistics().openings;
    let runs = 0;
    const samples = await comparePaired({
      quick,
      module: (index) => tenantDatabases.run(tenants[index % TENANTS].id, find).then(() => runs++),
      bare: async (index) => {
        const orm = await MikroORM.init({ ...database.bare(tenants[index % TENANTS].dbUrl), entities });
        await find(orm.em.fork());
        await orm.close();
      },
    });
    assert.equal(tenantDatabases.statistics().openings - before, runs);
    return [{ work: `open cold, ${ENTITIES} entities, and one query, beside MikroORM.init()`, unit: 'ms', ...samples }];
  } finally {
    await application.close();
    await database.drop();
  }
}
