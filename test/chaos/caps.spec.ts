import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, genId } from 'nestjs-host-database';
import type { QueueOptions } from 'nestjs-host-database/jobs';
import { inArena, isFullChaos, mostAtOnce, report } from '../support/chaos-arena.js';

const PROCESSES = 4;
const CAP = 3;
const JOBS = isFullChaos ? 10_000 : 600;
const GROUPS = 5;
/** Long enough that as many jobs as the cap lets do overlap, also where each process has a part of a processor only. */
const SHORTEST_MS = 8;

const GROUP_IDS = Array.from({ length: GROUPS }, () => genId());

const CAPS: readonly [string, QueueOptions][] = [
  ['maxRunning', { maxRunning: CAP }],
  ['maxRunningPerTenant', { maxRunningPerTenant: CAP }],
  ['maxRunningPerKey', { maxRunningPerKey: CAP }],
];

describe.each<DatabaseType>(['sqlite', 'postgresql'])('four processes on %s', (type) => {
  // CHAOS=full: with 10,000 jobs each.
  it.each(CAPS)(
    `never run more than ${CAP} jobs at the same time under %s`,
    async (cap, limits) => {
      await inArena(type, async (arena) => {
        const items = Array.from({ length: JOBS }, (_, index) => {
          const group = GROUP_IDS[index % GROUPS] ?? '';
          return {
            payload: { ms: SHORTEST_MS + (index % 3) },
            ...(cap === 'maxRunningPerTenant' && { tenantId: group }),
            ...(cap === 'maxRunningPerKey' && { concurrencyKey: group }),
          };
        });
        const ids = await arena.enqueueMany('chaos.wait-for', items);
        const groupOf = new Map(ids.map((id, index) => [id, cap === 'maxRunning' ? 'all' : GROUP_IDS[index % GROUPS]]));
        const beganAt = performance.now();
        const options = { queues: { default: limits }, concurrency: 50 };
        const workers = await Promise.all(Array.from({ length: PROCESSES }, () => arena.startWorker(options)));
        await arena.untilAllEnded(isFullChaos ? 300_000 : 120_000);
        const tookMs = performance.now() - beganAt;

        // The database has it all, but what the workers have said may still be on its way.
        await Promise.all(workers.map((worker) => worker.end('SIGTERM')));
        const all = workers.map((worker) => worker.events());
        const events = all.flat();
        const most = [...new Set(groupOf.values())].map((group) =>
          mostAtOnce(events.filter(({ id }) => groupOf.get(id) === group)),
        );
        const shares = all.map((own) => own.filter(({ event }) => event === 'ended').length);
        report(
          `caps, ${type}, ${cap}: at most ${most.join('/')} at once; ${JOBS} jobs in ${Math.round(tookMs)} ms, shared ${shares.join('/')}`,
        );
        expect(Math.max(...most)).toBe(CAP);
        expect(events.filter(({ event }) => event === 'ended')).toHaveLength(JOBS);
        expect(new Set(events.map(({ id }) => id)).size).toBe(JOBS);
        expect(await arena.counts()).toEqual({ completed: JOBS });
        expect(await arena.query('select id from sys_jobs where attempt <> 1 or claim_token <> 1')).toEqual([]);
      });
    },
    isFullChaos ? 600_000 : 240_000,
  );
});
