import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { DatabaseType } from 'nestjs-host-database';
import type { JobsOptions } from 'nestjs-host-database/jobs';
import { createCounter, inArena, isFullChaos, QUICK_DEATHS, readCounter, report, times } from '../support/chaos-arena.js';

const WORKERS = 4;
const KILLS = isFullChaos ? 1_000 : 12;
const LIVES_MS = 200;
/** So many that there is work for as long as somebody is killed. */
const JOBS_AT_ONCE = 400;
/** A kill that hits a job a third time is none of its own doing. */
const OPTIONS: Partial<JobsOptions> = { ...QUICK_DEATHS, concurrency: 4, maxCrashes: 1_000, maxAttempts: 10_000 };

describe.each<DatabaseType>(['sqlite', 'postgresql'])('workers that are killed at random on %s', (type) => {
  // CHAOS=full: 1,000 of them.
  it(
    `have each of their transactional jobs count once: ${KILLS} kills`,
    async () => {
      await inArena(type, async (arena) => {
        await createCounter(arena);
        let total = 0;
        const enqueue = async () => {
          if ((await arena.countLive()) > JOBS_AT_ONCE / 2) return;
          total += (await arena.enqueueMany('chaos.count-up', times(JOBS_AT_ONCE, null))).length;
        };
        await enqueue();
        const workers = Array.from({ length: WORKERS }, () => arena.launchWorker(OPTIONS));
        for (let kill = 0; kill < KILLS; kill++) {
          // The oldest one, which has begun to work by then.
          const victim = workers.shift();
          await victim?.said(/^ready$/m);
          await enqueue();
          await delay(LIVES_MS * Math.random());
          await victim?.end('SIGKILL');
          workers.push(arena.launchWorker(OPTIONS));
        }
        await arena.untilAllEnded(isFullChaos ? 600_000 : 120_000);

        const [{ crashed } = { crashed: 0 }] = await arena.query<{ crashed: number | string }>(
          'select sum(crash_count) as crashed from sys_jobs',
        );
        report(`random kills, ${type}: ${KILLS} kills, ${total} jobs, ${Number(crashed)} attempts lost with their worker`);
        expect(await arena.counts()).toEqual({ completed: total });
        expect(await readCounter(arena)).toEqual({ value: total, effects: total, jobs: total });
        expect(Number(crashed)).toBeGreaterThan(0);
      });
    },
    isFullChaos ? 1_200_000 : 240_000,
  );
});
