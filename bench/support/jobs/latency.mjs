import assert from 'node:assert/strict';
import { percentile } from '../statistics.mjs';
import { connectionTo } from '../connection.mjs';
import { startContender } from './contender.mjs';

const PER_SECOND = 200;
const WARM_UP_JOBS = 200;
const JOBS = 1_000;

/**
 * How long jobs wait from the call that enqueues them to their handler, at a paced load.
 *
 * @param {object} latency
 * @param {boolean} latency.isApart whether they are enqueued in another process than the worker's
 * @returns {Promise<{ p50: number, p99: number }>} milliseconds
 */
export async function latency({ server, entrant, isApart }) {
  const database = await server.createDatabase();
  const connection = connectionTo(database);
  const contenders = [];
  try {
    const worker = await startContender(entrant, connection);
    contenders.push(worker);
    if (isApart) contenders.push(await startContender(entrant, connection));
    const producer = contenders.at(-1);
    await worker.ask('work');
    await runPaced({ worker, producer, jobs: WARM_UP_JOBS, total: WARM_UP_JOBS });
    const waits = await runPaced({ worker, producer, jobs: JOBS, total: WARM_UP_JOBS + JOBS });
    assert.equal(waits.length, JOBS);
    return { p50: percentile(waits, 50), p99: percentile(waits, 99) };
  } finally {
    for (const contender of contenders) await contender.kill();
    await database.drop();
  }
}

async function runPaced({ worker, producer, jobs, total }) {
  await producer.ask('enqueuePaced', { jobs, perSecond: PER_SECOND });
  await worker.ask('whenHandled', { jobs: total });
  return worker.ask('takeWaits');
}
