import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, genId } from 'nestjs-host-database';
import { type ChaosArena, type ChaosWorker, inArena, isFullChaos, percentile, report } from '../support/chaos-arena.js';
import { machineMs } from '../support/chaos-handlers.js';

const BACKLOG = isFullChaos ? 100_000 : 8_000;
/** How many times longer it may be in a run at full length, which has the machine for itself. */
const MOST = 2;
const QUANTILE = 0.99;
/** Which part of the other's backlog it may have to wait for in a short run: of one that is not fair it would be all. */
const PART = 0.25;
const AT_ONCE = 10;
/** Ten jobs of a round wait together: the slowest of a hundred is one of a round in a hundred. */
const ROUNDS = isFullChaos ? 400 : 20;
const PAUSE_MS = 20;

const [A, B] = [genId(), genId()];
const payloadOf = (index: number) => ({ ms: 1 + (index % 2) });

/** How long each of ten jobs of a tenant waits for its start, again and again. */
async function delaysOf(
  { enqueueMany, until }: ChaosArena,
  worker: ChaosWorker,
  tenantId: string,
  prepare: () => Promise<void> = async () => undefined,
) {
  const delays: number[] = [];
  const enqueueing: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await prepare();
    await delay(PAUSE_MS);
    const [enqueuedAt, saidBefore] = [machineMs(), worker.output().length];
    const items = Array.from({ length: AT_ONCE }, (_, index) => ({ payload: payloadOf(index), tenantId }));
    const ids = new Set(await enqueueMany('chaos.wait-for', items));
    enqueueing.push(machineMs() - enqueuedAt);
    const begun = () => worker.eventsAfter(saidBefore).filter(({ id, event }) => event === 'started' && ids.has(id));
    await until(() => begun().length === ids.size, 120_000);
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
        const items = Array.from({ length: BACKLOG }, (_, index) => ({
          payload: { ...payloadOf(index), isQuiet: true },
          tenantId: A,
        }));
        let [enqueued, left, timesEmpty] = [0, 0, 0];
        const count = async () => {
          const pending = `select count(*) as count from sys_jobs where tenant_id = ? and status = 'pending'`;
          const [row] = await arena.query<{ count: number | string }>(pending, [A]);
          left = Number(row?.count);
          if (enqueued > 0 && left === 0) timesEmpty++;
        };
        /** The machine decides how long a backlog lasts. */
        const topUp = async () => {
          await count();
          if (left < BACKLOG / 2) enqueued += (await arena.enqueueMany('chaos.wait-for', items)).length;
        };
        await topUp();
        await count();
        const [beganAt, doneBefore] = [machineMs(), enqueued - left];
        const beside = await delaysOf(arena, worker, B, topUp);
        await count();
        const perMs = (enqueued - left - doneBefore) / (machineMs() - beganAt);
        const backlogMs = BACKLOG / 2 / perMs;
        const figures = (values: number[]) => [0.5, 0.95, 0.99].map((part) => percentile(values, part).toFixed(1)).join('/');
        report(
          `fairness, ${type}: p50/p95/p99 alone ${figures(alone.delays)} ms, of which enqueueing ${figures(alone.enqueueing)};
            beside ${BACKLOG} (${left} left, half of them take ${Math.round(backlogMs)} ms) ${figures(beside.delays)} ms, of which enqueueing
            ${figures(beside.enqueueing)}`,
        );
        const [quantile, mostMs] = isFullChaos ? [QUANTILE, MOST * percentile(alone.delays, QUANTILE)] : [0.5, PART * backlogMs];
        expect(timesEmpty).toBeLessThan(isFullChaos ? 1 : ROUNDS / 4);
        expect(percentile(beside.delays, quantile)).toBeLessThan(mostMs);
      });
    },
    isFullChaos ? 600_000 : 240_000,
  );
});
