import { describe, expect, it } from '@jest/globals';
import { onBothDialects, report, times } from '../support/chaos-arena.js';

const JOBS = 5;
/** A good deal less than a heartbeat, with which it would be found at the latest. */
const SOON_MS = 1_000;

describe('a job that failed and is due again soon', () => {
  it('is not left until the next heartbeat', async () => {
    await onBothDialects(async (arena) => {
      const worker = await arena.startWorker();
      await arena.enqueueMany('chaos.fail-once', times(JOBS, null));
      await arena.until(() => worker.events().length === 2 * JOBS, 20_000);
      const first = Math.min(...worker.events().map(({ at }) => at));
      const last = Math.max(...worker.events().map(({ at }) => at));
      report(`retries, ${arena.type}: all after ${Math.round(last - first)} ms, where 50 were asked for`);
      expect(last - first).toBeLessThan(SOON_MS);
    });
  }, 30_000);
});
