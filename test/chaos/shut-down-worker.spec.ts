import { describe, expect, it } from '@jest/globals';
import { onBothDialects, QUICK_DEATHS, report, times } from '../support/chaos-arena.js';

const AN_HOUR = 3_600_000;
const CONCURRENCY = 5;

describe('a worker that is told to end', () => {
  it('gives back at once the jobs that it has not begun, and lets those that run come to their end', async () => {
    await onBothDialects(async (arena) => {
      // Short jobs first, so that it is quick enough to hold some of the long ones beyond those that it runs.
      const short = times<'chaos.wait-for'>(600, { ms: 0 });
      // These end when they are told to, so that nothing else can have ended them.
      const long = Array.from({ length: 200 }, () => ({ payload: { ms: 0, untilSignal: 'SIGALRM' as const }, priority: 1 }));
      const jobs = [...short, ...long];
      const longIds = new Set((await arena.enqueueMany('chaos.wait-for', jobs)).slice(short.length));
      const leaver = await arena.startWorker({ ...QUICK_DEATHS, concurrency: CONCURRENCY, shutdownGraceMs: 200_000 });
      const countLong = (which: 'started' | 'ended') =>
        leaver.events().filter(({ event, id }) => event === which && longIds.has(id)).length;
      await arena.until(() => countLong('started') === CONCURRENCY, 60_000);
      const held = `select id from sys_jobs where status = 'running' and priority = 1`;
      await arena.until(async () => (await arena.query(held)).length > CONCURRENCY, 60_000);

      const toldAt = performance.now();
      leaver.child.kill('SIGTERM');
      await arena.until(async () => (await arena.counts()).running === CONCURRENCY, 60_000);
      report(`shutdown, ${arena.type}: what was not begun is given back ${Math.round(performance.now() - toldAt)} ms later`);
      expect(await arena.query('select id from sys_jobs where status = ? and attempt <> 0', ['pending'])).toEqual([]);
      expect(countLong('ended')).toBe(0);

      leaver.child.kill('SIGALRM');
      await leaver.ended;
      const completed = leaver.events().filter(({ event }) => event === 'ended').length;
      expect(await arena.counts()).toEqual({ completed, pending: jobs.length - completed });
      expect(await arena.query('select id from sys_jobs where status = ? and attempt <> 1', ['completed'])).toEqual([]);
      expect(await arena.query('select id from sys_job_workers')).toEqual([]);
    });
  }, 240_000);

  it('aborts what does not end in time, and another runs it, in the same attempt', async () => {
    await onBothDialects(async (arena) => {
      const listening = await arena.enqueueMany('chaos.wait-for', times(3, { ms: AN_HOUR }));
      const deaf = await arena.enqueueMany('chaos.wait-for', times(2, { ms: AN_HOUR, isDeaf: true }));
      const leaver = await arena.startWorker({ shutdownGraceMs: 300, abortGraceMs: 300 });
      await arena.until(() => leaver.events().length === 5, 60_000);
      leaver.child.kill('SIGTERM');
      // Its deaf handlers would keep the process alive, but not beyond the signal that it sends itself at the end.
      await leaver.ended;

      const aborted = leaver.events().filter(({ event }) => event === 'aborted');
      expect(aborted.map(({ id, reason }) => ({ id, reason }))).toEqual(
        listening.map((id) => ({ id, reason: 'WorkerShutdownError' })),
      );
      const rows = await arena.query('select id, status, attempt, crash_count as crashes from sys_jobs order by id');
      expect(rows).toEqual([...listening, ...deaf].map((id) => ({ id, status: 'pending', attempt: 0, crashes: 0 })));
      const heir = await arena.startWorker();
      await arena.until(() => heir.events().length === 5, 60_000);
      expect(heir.events()).toMatchObject(heir.events().map(() => ({ event: 'started', attempt: 1 })));
    });
  }, 240_000);
});
