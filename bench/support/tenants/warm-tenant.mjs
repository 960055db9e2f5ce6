import assert from 'node:assert/strict';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { Note, Notebook } from '../notes.entity.mjs';
import { startBare, startModule } from '../sides.mjs';
import { provision } from './provision.mjs';

const NOTES = 1_000;
const entities = [Notebook, Note];

/**
 * A tenant that has been entered, and its database on bare MikroORM.
 *
 * @typedef {object} WarmTenant
 * @property {(work: (em: object) => unknown) => Promise<unknown>} runInTenant `TenantDatabases.run()`
 * @property {import('@mikro-orm/core').MikroORM} orm open on the same database
 * @property {string} notebookId
 * @property {(em: object, index: number) => Promise<void>} find looks for another of its notes each time
 */

/** @param {(tenant: WarmTenant) => Promise<unknown>} measure */
export async function withWarmTenant(server, measure) {
  const database = await server.createDatabase();
  const application = await startModule(database, { entities });
  let orm;
  try {
    const [tenant] = await provision(application, database, 1);
    // Looked up once, as a service has it injected: asking the container costs some percent of a query.
    const tenantDatabases = application.get(TenantDatabases);
    const runInTenant = (work) => tenantDatabases.run(tenant.id, work);
    await runInTenant(() => undefined);
    orm = await startBare(database.bare(tenant.dbUrl), entities);
    const { notebookId, noteIds } = await seed(orm);
    return await measure({ runInTenant, orm, notebookId, find: finds(noteIds) });
  } finally {
    await orm?.close();
    await application.close();
    await database.drop();
  }
}

function finds(noteIds) {
  return async (em, index) => {
    const id = noteIds[(index * 311) % noteIds.length];
    assert.equal((await em.findOne(Note, { id })).id, id);
  };
}

async function seed(orm) {
  const em = orm.em.fork();
  const notebook = em.create(Notebook, { name: 'Groceries' });
  const notes = Array.from({ length: NOTES }, (_, index) => em.create(Note, { notebook, title: `Note ${index}` }));
  await em.flush();
  return { notebookId: notebook.id, noteIds: notes.map(({ id }) => id) };
}
