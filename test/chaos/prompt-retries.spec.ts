import { describe, expect, it } from '@jest/globals';
import { onBothDialects, report, times } from '../support/chaos-arena.js';

const JOBS = 5;
/** A good deal less than what is found by chance would take. On a machine that is busy the quickest keeps to it. */
const SOON_MS = 1_000;
/** With a heartbeat it would be found at the latest, and so not in the time of this test. */
const OPTIONS = { heartbeatMs: 300_000, deadAfterMs: 900_000 };

describe('a job that failed and is due again soon', () => {
  it('is not left until the next heartbeat', async () => {
    await onBothDialects(async (arena) => {
      const worker = await arena.startWorker(OPTIONS);
      await arena.enqueueMany('chaos.fail-once', times(JOBS, null));
      await arena.until(() => worker.events().length === 2 * JOBS, 100_000);
      const events = worker.events();
      const failedAt = new Map(events.filter(({ event }) => event === 'started').map(({ id, at }) => [id, at]));
      const gaps = events.filter(({ event }) => event === 'ended').map(({ id, at }) => at - (failedAt.get(id) ?? Number.NaN));
      report(`retries, ${arena.type}: after ${gaps.map(Math.round).join('/')} ms, where 50 were asked for`);
      expect(gaps).toHaveLength(JOBS);
      expect(Math.min(...gaps)).toBeLessThan(SOON_MS);
    });
  }, 240_000);
});
