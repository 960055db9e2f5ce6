import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { isFullChaos, onBothDialects, QUICK_DEATHS, stopAtRest, times } from '../support/chaos-arena.js';

const STOPPED_MS = isFullChaos ? 30_000 : 2_000;
const OPTIONS = isFullChaos ? {} : QUICK_DEATHS;
const AN_HOUR = 3_600_000;

describe('a worker that stands still for longer than it takes to be taken for dead', () => {
  // CHAOS=full: for 30 seconds, with the default options.
  it('records nothing of what it had begun, and is told so; each job is completed once, by another', async () => {
    await onBothDialects(async (arena) => {
      // They end as soon as it goes on, whatever they are told.
      const deaf = { ms: 0, untilSignal: 'SIGALRM' } as const;
      const late = await arena.enqueueMany('chaos.wait-for', times(2, deaf));
      const lateWithOutput = await arena.enqueueMany('chaos.wait-for', times(2, { ...deaf, hasOutput: true }));
      const long = await arena.enqueueMany('chaos.wait-for', times(2, { ms: AN_HOUR, laterMs: 0 }));
      const all = [...late, ...lateWithOutput, ...long];
      const sleeper = await arena.startWorker(OPTIONS);
      await arena.until(() => sleeper.events().length === all.length, 60_000);
      expect(sleeper.events()).toMatchObject(all.map(() => ({ event: 'started', attempt: 1 })));
      await stopAtRest(arena, sleeper);
      const stopped = delay(STOPPED_MS);

      const heir = await arena.startWorker(OPTIONS);
      await arena.untilAllEnded(STOPPED_MS + 60_000);
      await stopped;
      const select = 'select id, status, attempt, claim_token, worker_id, output, completed_at from sys_jobs order by id';
      const before = await arena.query(select);
      // The first waits for it until the second lets it go on.
      for (const signal of ['SIGALRM', 'SIGCONT'] as const) sleeper.child.kill(signal);
      const told = () => sleeper.events().filter(({ event }) => event === 'aborted');
      await arena.until(() => told().length === long.length, 60_000);

      expect(told().map(({ id, reason }) => ({ id, reason }))).toEqual(long.map((id) => ({ id, reason: 'JobLeaseLostError' })));
      // It works as before, under a new name: both have heard of everything by the time that it has run one more.
      await heir.end('SIGTERM');
      const [next = ''] = await arena.enqueueMany('chaos.wait-for', times(1, { ms: 0 }));
      await arena.until(() => sleeper.events().some(({ id, event }) => id === next && event === 'ended'), 60_000);
      await sleeper.end('SIGTERM');

      const ended = sleeper.events().filter(({ event }) => event === 'ended');
      expect(ended.map(({ id }) => id).toSorted()).toEqual([...late, ...lateWithOutput, next].toSorted());
      expect((await arena.query<{ id: string }>(select)).filter(({ id }) => id !== next)).toEqual(before);
      expect(before).toMatchObject(all.map(() => ({ status: 'completed', attempt: 2, claim_token: 2 })));
      expect(await arena.query('select id from sys_job_workers')).toEqual([]);
    });
  }, 240_000);
});
