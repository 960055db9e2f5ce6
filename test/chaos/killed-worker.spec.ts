import { describe, expect, it } from '@jest/globals';
import { onBothDialects, QUICK_DEATHS, report, times } from '../support/chaos-arena.js';
import { machineMs } from '../support/chaos-handlers.js';
import { MachinePauses } from '../support/machine-pauses.js';

const IN_FLIGHT = 20;
const AN_HOUR = 3_600_000;
const SOON_MS = 20_000;

describe('a worker that is killed with 20 jobs in flight', () => {
  it('has all of them run again within 20 seconds, each once', async () => {
    await onBothDialects(async (arena) => {
      // The times are the defaults: this is what a deployment gets.
      const doomed = await arena.startWorker({ concurrency: IN_FLIGHT });
      const ids = await arena.enqueueMany('chaos.wait-for', times(IN_FLIGHT, { ms: AN_HOUR, laterMs: 100 }));
      await arena.until(() => doomed.events().length === IN_FLIGHT, 60_000);
      const heir = await arena.startWorker({ concurrency: IN_FLIGHT });

      const pauses = new MachinePauses();
      const killedAt = machineMs();
      await doomed.end('SIGKILL');
      const begun = () => heir.events().filter(({ event }) => event === 'started');
      await arena.until(() => begun().length >= IN_FLIGHT, 120_000);
      const tookMs = Math.max(...begun().map(({ at }) => at)) - killedAt;
      const pausedMs = pauses.end();
      report(`killed worker, ${arena.type}: ${IN_FLIGHT} jobs run again ${Math.round(tookMs)} ms later`);
      // While the machine stands still, nobody is dead or alive.
      expect(tookMs - pausedMs).toBeLessThan(SOON_MS);
      await arena.untilAllEnded(60_000);

      // The database has it all, but what the worker has said may still be on its way.
      await heir.end('SIGTERM');
      const ended = heir.events().filter(({ event }) => event === 'ended');
      expect(ended.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
      const rows = await arena.query<{ id: string }>(
        `select id from sys_jobs where status = 'completed' and attempt = 2 and crash_count = 1 and claim_token = 2`,
      );
      expect(rows.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    });
  }, 240_000);
});

describe('a job that kills its worker', () => {
  it('ends as a dead letter after three workers, and those beside it complete', async () => {
    await onBothDialects(async (arena) => {
      const innocent = await arena.enqueueMany('chaos.wait-for', times(10, { ms: 50 }));
      const [poison] = await arena.enqueueMany('chaos.kill-worker', times(1, null));
      const options = { ...QUICK_DEATHS, concurrency: 40 };
      let worker = arena.launchWorker(options);
      await arena.until(async () => {
        if (worker.hasEnded()) worker = arena.launchWorker(options);
        return (await arena.countLive()) === 0;
      }, 120_000);

      const [dead] = await arena.query<{ status: string; crashCount: number; errorLog: string }>(
        'select status, crash_count as "crashCount", error_log as "errorLog" from sys_jobs where id = ?',
        [poison],
      );
      expect(dead).toMatchObject({ status: 'failed', crashCount: 3, errorLog: expect.stringMatching(/its worker \w+ died/) });
      expect(await arena.counts()).toEqual({ completed: innocent.length, failed: 1 });
    });
  }, 240_000);
});
