import assert from 'node:assert/strict';
import { RequestContext } from '@mikro-orm/core';
import { GlobalUser, HostDatabase, hostEntities, UnitOfWork } from 'nestjs-host-database';
import { UsersService } from 'nestjs-host-database/users';
import { BAR } from '../support/bar.mjs';
import { comparePaired } from '../support/paired.mjs';
import { startBare, startModule } from '../support/sides.mjs';

const PEOPLE = 10_000;
const INSERTS = [1, 100, 10_000];

export const title = `Users, each operation in a unit of work of its own, as a request has (finds among ${PEOPLE.toLocaleString('en')})`;

export async function run({ server, quick }) {
  const database = await server.createDatabase();
  const application = await startModule(database);
  const orm = await startBare(database.bare(), hostEntities);
  const compare = (work, comparison) => compareUsers({ work, quick, bar: BAR, ...comparison });
  try {
    const rows = [];
    for (const count of INSERTS)
      rows.push(await compare(`insert and flush ${count.toLocaleString('en')}`, inserts(database, application, orm, count)));
    await emptyTable(database, orm);
    const people = await seed(orm);
    rows.push(await compare('find by id', findsById(application, orm, people)));
    rows.push(await compare('find by email', findsByEmail(application, orm, people)));
    return rows;
  } finally {
    await orm.close();
    await application.close();
    await database.drop();
  }
}

async function compareUsers({ work, ...comparison }) {
  return { work, unit: 'ms', bar: comparison.bar, ...(await comparePaired(comparison)) };
}

/** What MikroORM's own Nest module does for each request. */
function bareRequest(orm, work) {
  return RequestContext.create(orm.em, work);
}

function inserts(database, application, orm, count) {
  const hostDatabase = application.get(HostDatabase);
  let written = 0;
  const createAll = (em) => {
    for (let index = 0; index < count; index++) em.create(GlobalUser, person(written++));
  };
  return {
    module: () => hostDatabase.run(createAll),
    bare: () =>
      bareRequest(orm, async () => {
        createAll(orm.em);
        await orm.em.flush();
      }),
    before: () => emptyTable(database, orm),
    after: async (operations) => assert.equal(await orm.em.fork().count(GlobalUser), operations * count),
  };
}

function findsById(application, orm, people) {
  const unitOfWork = application.get(UnitOfWork);
  const users = application.get(UsersService);
  return {
    module: async (index) => {
      const { id } = pick(people, index);
      assert.equal((await unitOfWork.begin(() => users.findById(id))).id, id);
    },
    bare: async (index) => {
      const { id } = pick(people, index);
      assert.equal((await bareRequest(orm, () => orm.em.findOne(GlobalUser, { id }))).id, id);
    },
  };
}

function findsByEmail(application, orm, people) {
  const unitOfWork = application.get(UnitOfWork);
  const users = application.get(UsersService);
  return {
    module: async (index) => {
      const { id, email } = pick(people, index);
      assert.equal((await unitOfWork.begin(() => users.findByEmail(email))).id, id);
    },
    bare: async (index) => {
      const { id, email } = pick(people, index);
      assert.equal((await bareRequest(orm, () => orm.em.findOne(GlobalUser, { email }))).id, id);
    },
  };
}

/** Strides through all of them, so that one read does not warm the next. */
function pick(people, index) {
  return people[(index * 7_919) % people.length];
}

function person(index) {
  return { email: `person-${index}@example.com`, oauthId: `bench:${index}` };
}

async function seed(orm) {
  const em = orm.em.fork();
  const people = Array.from({ length: PEOPLE }, (_, index) => em.create(GlobalUser, person(index)));
  await em.flush();
  return people.map(({ id, email }) => ({ id, email }));
}

async function emptyTable({ type }, orm) {
  await orm.em.getConnection().execute(type === 'sqlite' ? 'delete from core_users' : 'truncate core_users cascade');
}
