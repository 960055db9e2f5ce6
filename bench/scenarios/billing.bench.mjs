import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { openGuardedRoutes } from '../support/billing/guarded-routes.mjs';
import { comparePaired } from '../support/paired.mjs';
import { median } from '../support/statistics.mjs';

const REQUESTS = 1_000;
/** What asking for what is paid may add to a request of somebody who is known. */
const MOST_MS = 0.1;
const MOST_WAIT_MS = 20_000;

export const title =
  'The guard of a route that asks for a subscription, a feature and a tier, warm, beside one that asks for a membership only';

export async function run({ server, quick }) {
  const database = await server.createDatabase();
  try {
    const statements = await countStatements(database);
    return [
      {
        work: `statements of ${REQUESTS} requests`,
        unit: 'statements',
        samples: [statements],
        bars: [{ value: statements, atMost: 0 }],
      },
      ...(await addedLatency(database, quick)),
    ];
  } finally {
    await database.drop();
  }
}

async function addedLatency(database, quick) {
  const routes = await openGuardedRoutes(database);
  try {
    await assertGuards(routes);
    const { module, bare } = await comparePaired({
      quick,
      module: () => routes.enter('paid', 'paying'),
      bare: () => routes.enter('plain', 'paying'),
    });
    const added = module.map((ms, round) => ms - bare[round]);
    return [
      { work: 'a route of a tenant', unit: 'ms', samples: bare },
      { work: 'one that is paid for', unit: 'ms', samples: module },
      { work: 'added', unit: 'ms', samples: added, bars: [{ value: median(added), atMost: MOST_MS }] },
    ];
  } finally {
    await routes.close();
  }
}

/** In an application of its own: listening to statements takes time. */
async function countStatements(database) {
  let statements = 0;
  const mikroOrm = { debug: ['query'], colors: false, logger: () => void statements++ };
  const routes = await openGuardedRoutes(database, { mikroOrm });
  const enter = async (times) => {
    const before = statements;
    for (let request = 0; request < times; request++) await routes.enter('paid', 'paying');
    return statements - before;
  };
  try {
    await assertGuards(routes);
    assert.ok(statements > 0, 'No statement was heard of.');
    const until = performance.now() + MOST_WAIT_MS;
    while ((await enter(1)) > 0) {
      assert.ok(performance.now() < until, 'It goes on to ask the database.');
      await delay(20);
    }
    return await enter(REQUESTS);
  } finally {
    await routes.close();
  }
}

/** The control: a guard that lets everybody in is fast. */
async function assertGuards({ enter }) {
  assert.equal(await enter('paid', 'paying'), true);
  assert.equal(await enter('plain', 'other'), true);
  await assert.rejects(enter('paid', 'other'), { code: 'BILLING_PAYMENT_REQUIRED' });
}
