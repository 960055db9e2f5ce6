import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { connectionTo } from '../connection.mjs';
import { startContender } from './contender.mjs';
import { observe } from './observer.mjs';

const CHUNK = 5_000;
const POLL_MS = 5;

/**
 * What one drain has shown.
 *
 * @typedef {object} Drained
 * @property {number} perSecond jobs that the database says are done, in each second since the worker was told to start
 * @property {number} [walBytesPerJob]
 * @property {number} bulkPerSecond jobs enqueued many at a time
 * @property {number} [singlePerSecond] jobs enqueued one at a time
 */

/**
 * Enqueues jobs that do nothing into a fresh database, then has them run, for no longer than `limitMs`.
 *
 * @param {object} drain
 * @param {number} drain.jobs
 * @param {number} drain.singles how many of them are enqueued one at a time
 * @param {number} drain.limitMs after which those count that are done
 * @param {boolean} drain.isHeld whether a transaction elsewhere holds a snapshot from before all of it
 * @returns {Promise<Drained>}
 */
export async function drain({ server, entrant, jobs, singles, limitMs, isHeld }) {
  const database = await server.createDatabase();
  const connection = connectionTo(database);
  let contender;
  let observer;
  try {
    contender = await startContender(entrant, connection);
    observer = await observe(database, connection);
    if (isHeld) await observer.holdSnapshot();
    const singleMs = await contender.ask('enqueueEach', { jobs: singles });
    const bulkMs = await contender.ask('enqueueMany', { jobs: jobs - singles, chunk: CHUNK });
    assert.equal(await observer.countAll(entrant.table), jobs);
    await observer.settle();
    const walBefore = await observer.walBytes();
    const { elapsedMs, done } = await timeWork({ contender, observer, entrant, jobs, limitMs });
    const walAfter = await observer.walBytes();
    return {
      perSecond: rate(done, elapsedMs),
      bulkPerSecond: rate(jobs - singles, bulkMs),
      ...(singles > 0 && { singlePerSecond: rate(singles, singleMs) }),
      ...(walBefore !== undefined && done > 0 && { walBytesPerJob: (walAfter - walBefore) / done }),
    };
  } finally {
    await observer?.close();
    await contender?.kill();
    await database.drop();
  }
}

/** The clock runs until the database says that all are done. It is not asked before the handlers have run, so as not to be in their way. */
async function timeWork({ contender, observer, entrant: { name, table }, jobs, limitMs }) {
  const start = performance.now();
  const limit = new AbortController();
  const handled = contender.ask('work').then(() => contender.ask('whenHandled', { jobs }));
  await Promise.race([handled, delay(limitMs, undefined, { signal: limit.signal })]);
  limit.abort();
  for (;;) {
    const left = await observer.countUnfinished(table);
    const elapsedMs = performance.now() - start;
    if (left === 0) await checkEachRanOnce({ contender, observer, name, table, jobs });
    if (left === 0 || elapsedMs >= limitMs) return { elapsedMs, done: jobs - left };
    await delay(POLL_MS);
  }
}

async function checkEachRanOnce({ contender, observer, name, table, jobs }) {
  assert.equal(await contender.ask('handledCount'), jobs, `${name} has run some jobs more than once.`);
  assert.equal(await observer.countAll(table), table.completedOnce ? jobs : 0, `${name} has lost some of its jobs.`);
}

function rate(count, elapsedMs) {
  return (count / elapsedMs) * 1_000;
}
