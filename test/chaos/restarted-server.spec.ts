import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ChaosArena,
  createCounter,
  inArena,
  isFullChaos,
  QUICK_DEATHS,
  readCounter,
  report,
  times,
} from '../support/chaos-arena.js';
import { type PostgresServer, startPostgres } from '../support/postgres-server.mjs';

const WORKERS = 2;
const OUTAGES = isFullChaos ? 5 : 2;
const AWAY_MS = isFullChaos ? 5_000 : 1_000;
const JOBS = isFullChaos ? 5_000 : 1_000;
/** An outage costs attempts, and may cost lives: neither is what this test is about. */
const OPTIONS = { ...QUICK_DEATHS, maxCrashes: 1_000, maxAttempts: 10_000 };
const BACKENDS = `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  and backend_type = 'client backend'`;

/** SQLite has no server. */
describe('workers on postgresql under load', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ durable: true });
  });
  afterAll(async () => {
    await server.stop();
  });

  /** What there is after it, and what there should be. */
  const underLoad = async (arena: ChaosArena, disturb: () => Promise<void>) => {
    await createCounter(arena);
    let [counting, waiting] = [0, 0];
    /** There is work for as long as somebody disturbs it, however quick it is. */
    const topUp = async () => {
      if ((await arena.countLive()) >= JOBS) return;
      counting += (await arena.enqueueMany('chaos.count-up', times(JOBS, null))).length;
      waiting += (await arena.enqueueMany('chaos.wait-for', times(JOBS, { ms: 1 }))).length;
    };
    await topUp();
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => arena.startWorker(OPTIONS)));
    const doneOf = async () => (await arena.counts()).completed ?? 0;
    const done: number[] = [];
    for (let time = 0; time < OUTAGES; time++) {
      await topUp();
      const before = await doneOf();
      await arena.until(async () => (await doneOf()) >= before + JOBS / 5, 60_000);
      done.push(await doneOf());
      await disturb();
    }
    const backAt = performance.now();
    await topUp();
    await arena.until(async () => (await doneOf()) > Math.max(...done), 60_000);
    report(
      `disturbed at ${done.join('/')} completed jobs; more are completed ${Math.round(performance.now() - backAt)} ms after the last time`,
    );
    await arena.untilAllEnded(120_000);

    // The database has it all, but what the workers have said may still be on its way.
    const ended = () => workers.flatMap((worker) => worker.events().filter(({ event }) => event === 'ended'));
    const endedCount = () => new Set(ended().map(({ id }) => id)).size;
    await arena.until(() => endedCount() >= waiting, 60_000).catch(() => undefined);
    const found = {
      deadWorkers: workers.filter((worker) => worker.hasEnded()).length,
      counts: await arena.counts(),
      counter: await readCounter(arena),
      otherJobsThatEnded: endedCount(),
    };
    const expected = {
      deadWorkers: 0,
      counts: { completed: counting + waiting },
      counter: { value: counting, effects: counting, jobs: counting },
      otherJobsThatEnded: waiting,
      workersLeft: [],
    };
    // They go on as before.
    await arena.enqueueMany('chaos.wait-for', times(20, { ms: 0 }));
    await arena.untilAllEnded(60_000);
    for (const worker of workers) await worker.end('SIGTERM');
    return { found: { ...found, workersLeft: await arena.query('select id from sys_job_workers') }, expected };
  };

  it('come back by themselves after the server has crashed and started again, and lose nothing', async () => {
    const crash = async () => {
      await server.crash();
      await delay(AWAY_MS);
      await server.restart();
    };
    const test = async (arena: ChaosArena) => {
      const { found, expected } = await underLoad(arena, crash);
      expect(found).toEqual(expected);
    };
    await inArena('postgresql', test, server.url);
  }, 300_000);

  it('come back by themselves after all their connections were terminated, and lose nothing', async () => {
    const test = async (arena: ChaosArena) => {
      const terminate = async () => void (await arena.query(`select pg_terminate_backend(pid) from (${BACKENDS}) as backend`));
      const { found, expected } = await underLoad(arena, terminate);
      expect(found).toEqual(expected);
    };
    await inArena('postgresql', test, server.url);
  }, 300_000);
});
