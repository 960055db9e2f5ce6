import assert from 'node:assert/strict';
import { RequestContext } from '@mikro-orm/core';
import { BAR } from '../support/bar.mjs';
import { Note } from '../support/notes.entity.mjs';
import { comparePaired } from '../support/paired.mjs';
import { withWarmTenant } from '../support/tenants/warm-tenant.mjs';

export const title = 'TenantDatabases.run() on a warm tenant, beside RequestContext.create() and flush() on the same database';

export async function run({ server, quick }) {
  return withWarmTenant(server, async ({ runInTenant, orm, notebookId, find }) => {
    const create = (em) => void em.create(Note, { notebook: notebookId, title: 'Buy milk' });
    return [
      await compare('find one', {
        quick,
        bar: BAR,
        module: (index) => runInTenant((em) => find(em, index)),
        bare: (index) => runBare(orm, (em) => find(em, index)),
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
  });
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

async function emptyTable(orm) {
  await orm.em.getConnection().execute('delete from notes');
}
