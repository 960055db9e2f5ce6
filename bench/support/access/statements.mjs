import { connectionTo, rerouted } from '../connection.mjs';
import { countQueries } from '../query-counter.mjs';
import { startContender } from './contender.mjs';
import { load } from './load.mjs';

const REQUESTS = 1_000;

/** How many statements an entrant sends for each request once it is warm, its own housekeeping among them. */
export async function statementsPerRequest({ server, entrant, warmUpSeconds }) {
  const database = await server.createDatabase();
  const connection = connectionTo(database);
  const counter = await countQueries(connection.address);
  let contender;
  try {
    contender = await startContender(entrant, { database, connection: rerouted(connection, counter.port) });
    await load(contender.way, { connections: 1, seconds: warmUpSeconds });
    const before = counter.queries;
    const { requests } = await load(contender.way, { connections: 1, requests: REQUESTS });
    return (counter.queries - before) / requests;
  } finally {
    await contender?.kill();
    await counter.close();
    await database.drop();
  }
}
