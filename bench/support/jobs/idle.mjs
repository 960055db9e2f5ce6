import { setTimeout as delay } from 'node:timers/promises';
import { connectionTo, rerouted } from '../connection.mjs';
import { startContender } from './contender.mjs';
import { countQueries } from '../query-counter.mjs';

const SETTLE_MS = 5_000;
const IDLE_MS = 20_000;

/** How many queries a worker sends each second that has nothing to do. */
export async function idleQueriesPerSecond({ server, entrant }) {
  const database = await server.createDatabase();
  const connection = connectionTo(database);
  const counter = await countQueries(connection.address);
  let contender;
  try {
    contender = await startContender(entrant, rerouted(connection, counter.port));
    await contender.ask('work');
    // It has worked before, so that nothing is left that it does only once.
    await contender.ask('enqueueEach', { jobs: 1 });
    await contender.ask('whenHandled', { jobs: 1 });
    await delay(SETTLE_MS);
    const before = counter.queries;
    await delay(IDLE_MS);
    return (counter.queries - before) / (IDLE_MS / 1_000);
  } finally {
    await contender?.kill();
    await counter.close();
    await database.drop();
  }
}
