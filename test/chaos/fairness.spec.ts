import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, genId } from 'nestjs-host-database';
import { type ChaosArena, type ChaosWorker, inArena, isFullChaos, percentile, report } from '../support/chaos-arena.js';
import { machineMs } from '../support/chaos-handlers.js';

const BACKLOG = isFullChaos ? 100_000 : 8_000;
/** On a machine that runs other tests too, a few values are anything. */
const MOST = isFullChaos ? 2 : 4;
/** Beside other tests, what the machine lets a process wait: without fairness it would be seconds. */
const NOISE_MS = isFullChaos ? 0 : 50;
/** Of the 200 delays of a short run the second worst says what the machine did; of the 600 of a full one it is a figure. */
const QUANTILE = isFullChaos ? 0.99 : 0.95;
const AT_ONCE = 10;
const ROUNDS = isFullChaos ? 60 : 20;
const PAUSE_MS = 20;

const [A, B] = [genId(), genId()];
const payloadOf = (index: number) => ({ ms: 1 + (index % 2) });

/** How long each of ten jobs of a tenant waits for its start, again and again. */
async function delaysOf({ enqueueMany, until }: ChaosArena, worker: ChaosWorker, tenantId: string) {
  const delays: number[] = [];
  const enqueueing: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await delay(PAUSE_MS);
    const enqueuedAt = machineMs();
    const items = Array.from({ length: AT_ONCE }, (_, index) => ({ payload: payloadOf(index), tenantId }));
    const ids = new Set(await enqueueMany('chaos.wait-for', items));
    enqueueing.push(machineMs() - enqueuedAt);
    const begun = () => worker.latest(ids.size * 400).filter(({ id, event }) => event === 'started' && ids.has(id));
    await until(() => begun().length === ids.size, 30_000);
    delays.push(...begun().map(({ at }) => at - enqueuedAt));
  }
  return { delays, enqueueing };
}

describe.each<DatabaseType>(['sqlite', 'postgresql'])('a tenant with a few jobs on %s', (type) => {
  // CHAOS=full: beside 100,000.
  it(
    `waits hardly longer beside another with ${BACKLOG} jobs`,
    async () => {
      await inArena(type, async (arena) => {
        const worker = await arena.startWorker();
        await delaysOf(arena, worker, B);
        const alone = await delaysOf(arena, worker, B);
        const items = Array.from({ length: BACKLOG }, (_, index) => ({ payload: payloadOf(index), tenantId: A }));
        await arena.enqueueMany('chaos.wait-for', items);
        const beside = await delaysOf(arena, worker, B);
        const [{ left } = { left: 0 }] = await arena.query<{ left: number | string }>(
          `select count(*) as left from sys_jobs where tenant_id = ? and status = 'pending'`,
          [A],
        );
        const figures = (values: number[]) => [0.5, 0.95, 0.99].map((part) => percentile(values, part).toFixed(1)).join('/');
        report(
          `fairness, ${type}: p50/p95/p99 alone ${figures(alone.delays)} ms, of which enqueueing ${figures(alone.enqueueing)};
            beside ${BACKLOG} (${left} left) ${figures(beside.delays)} ms, of which enqueueing ${figures(beside.enqueueing)}`,
        );
        expect(Number(left)).toBeGreaterThan(0);
        expect(percentile(beside.delays, QUANTILE)).toBeLessThan(Math.max(NOISE_MS, MOST * percentile(alone.delays, QUANTILE)));
      });
    },
    isFullChaos ? 600_000 : 60_000,
  );
});
