import assert from 'node:assert/strict';
import { RequestContext } from '@mikro-orm/core';
import { HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { BAR } from '../support/bar.mjs';
import { Note, Notebook } from '../support/notes.entity.mjs';
import { comparePaired } from '../support/paired.mjs';
import { startBare, startModule } from '../support/sides.mjs';

const NOTES = 1_000;
const entities = [Notebook, Note];

export const title = 'TenantDatabases.run() on a warm tenant, beside RequestContext.create() and flush() on the same database';

export async function run({ server, quick }) {
  const database = await server.createDatabase();
  const application = await startModule(database, { entities });
  let orm;
  try {
    const tenant = await provision(application, database);
    orm = await startBare(database.bare(tenant.dbUrl), entities);
    const runInTenant = (work) => application.get(TenantDatabases).run(tenant.id, work);
    const { notebookId, noteIds } = await seed(orm);
    const find = finds(noteIds);
    const create = (em) => void em.create(Note, { notebook: notebookId, title: 'Buy milk' });
    return [
      await compare('find one', {
        quick,
        bar: BAR,
        module: (index) => runInTenant((em) => find(em, index)),
        bare: (index) => runBare(orm, (em) => find(em, index)),
      }),
      // For information: a caller of MikroORM who needs neither the binding nor the flush.
      await compare('find one, beside a fork alone', {
        quick,
        module: (index) => runInTenant((em) => find(em, index)),
        bare: (index) => find(orm.em.fork(), index),
      }),
      await compare('insert one', {
        quick,
        bar: BAR,
        module: () => runInTenant(create),
        bare: () => runBare(orm, create),
        before: () => emptyTable(orm),
        after: async (operations) => assert.equal(await orm.em.fork().count(Note), operations),
      }),
    ];
  } finally {
    await orm?.close();
    await application.close();
    await database.drop();
  }
}

async function compare(work, comparison) {
  return { work, unit: 'ms', bar: comparison.bar, ...(await comparePaired(comparison)) };
}

/** What run() promises, as MikroORM offers it: a unit of work of its own, bound to the async context, flushed when the work resolves. */
async function runBare(orm, work) {
  await RequestContext.create(orm.em, async () => {
    await work(orm.em);
    await orm.em.flush();
  });
}

function finds(noteIds) {
  return async (em, index) => {
    const id = noteIds[(index * 311) % noteIds.length];
    assert.equal((await em.findOne(Note, { id })).id, id);
  };
}

/** A tenant as every installation gets one: created, provisioned by its job, entered once. */
async function provision(application, database) {
  const hostDatabase = application.get(HostDatabase);
  const { id } = await hostDatabase.run(() => application.get(TenantsService).create({ name: 'Acme' }));
  database.tenantIds.push(id);
  await application.get(JobsService).runPending();
  await application.get(TenantDatabases).run(id, () => undefined);
  return hostDatabase.run((em) => em.findOneOrFail(TenantCatalog, { id }));
}

async function seed(orm) {
  const em = orm.em.fork();
  const notebook = em.create(Notebook, { name: 'Groceries' });
  const notes = Array.from({ length: NOTES }, (_, index) => em.create(Note, { notebook, title: `Note ${index}` }));
  await em.flush();
  return { notebookId: notebook.id, noteIds: notes.map(({ id }) => id) };
}

async function emptyTable(orm) {
  await orm.em.getConnection().execute('delete from notes');
}
