import { describe, expect, it } from '@jest/globals';
import { type ChaosArena, type ChaosWorker, inArena, report, times } from '../support/chaos-arena.js';
import { machineMs } from '../support/chaos-handlers.js';

const POLL_MS = 1_000;
/** The heartbeat is no way to find a job in the time of this test, which leaves what is to be shown. */
const OPTIONS = { pollIntervalMs: POLL_MS, heartbeatMs: 300_000, deadAfterMs: 900_000 };
const WAIT_MS = 100_000;
const LISTENERS = `select pid from pg_stat_activity where datname = current_database() and application_name like '%listen'`;
/** For the round trips. On a machine that is busy the quickest of a few keeps to it. */
const SLACK_MS = 400;

/** Enqueues a job; returns how long it takes until it begins. */
async function startDelayMs({ enqueueMany, until }: ChaosArena, worker: ChaosWorker): Promise<number> {
  const enqueuedAt = machineMs();
  const [id] = await enqueueMany('chaos.wait-for', times(1, { ms: 0 }));
  const begun = () => worker.events().find((event) => event.id === id && event.event === 'started');
  await until(() => begun() !== undefined, WAIT_MS);
  return (begun()?.at ?? Number.NaN) - enqueuedAt;
}

/** SQLite has neither notifications nor connections that others can end. */
describe('a worker on postgresql', () => {
  it('finds jobs by polling while nothing listens, and listens again by itself', async () => {
    await inArena('postgresql', async (arena) => {
      const worker = await arena.startWorker(OPTIONS);
      const isListening = async () => (await arena.query(LISTENERS)).length === 1;
      await arena.until(isListening, WAIT_MS);
      await startDelayMs(arena, worker);
      const notifiedMs = await startDelayMs(arena, worker);
      const lostMs: number[] = [];
      for (let time = 0; time < 3; time++) {
        await arena.query(`select pg_terminate_backend(pid) from (${LISTENERS}) as listener`);
        lostMs.push(await startDelayMs(arena, worker));
        await arena.until(isListening, WAIT_MS);
      }
      const againMs: number[] = [];
      // The first may come before it has heard itself.
      await startDelayMs(arena, worker);
      for (let time = 0; time < 3; time++) againMs.push(await startDelayMs(arena, worker));

      const rounded = [notifiedMs, ...lostMs, ...againMs].map(Math.round);
      report(
        `listener killed: ${rounded[0]} ms before, ${rounded.slice(1, 4).join('/')} at the loss, ${rounded.slice(4).join('/')} after`,
      );
      expect(Math.min(...lostMs)).toBeLessThan(POLL_MS + SLACK_MS);
      expect(Math.min(...againMs)).toBeLessThan(SLACK_MS);
    });
  }, 240_000);

  it('polls where notifications are off', async () => {
    await inArena('postgresql', async (arena) => {
      const worker = await arena.startWorker({ ...OPTIONS, notifications: false });
      const delaysMs: number[] = [];
      for (let time = 0; time < 4; time++) delaysMs.push(await startDelayMs(arena, worker));
      report(`notifications off: ${delaysMs.map(Math.round).join('/')} ms`);
      expect(await arena.query(LISTENERS)).toEqual([]);
      expect(Math.min(...delaysMs)).toBeLessThan(POLL_MS + SLACK_MS);
    });
  }, 240_000);
});
