import { describe, expect, it } from '@jest/globals';
import { createCounter, inArena, isFullChaos, readCounter, report } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';

const PROCESSES = 4;
const SECONDS = isFullChaos ? 60 : 5;

/** PostgreSQL has no write lock that a whole database shares. */
describe('four processes on one file of sqlite', () => {
  // CHAOS=full: for a minute.
  it(
    'enqueue, work and read all at once without any of them being told that it is busy',
    async () => {
      await inArena('sqlite', async (arena) => {
        await createCounter(arena);
        const env = { DATABASE: JSON.stringify(arena.options), SECONDS: String(SECONDS) };
        const programs = Array.from({ length: PROCESSES }, () => startProgram('chaos-mix', { env }));
        const outcomes = await Promise.all(programs.map(({ ended }) => ended));
        expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(outcomes.map(() => ({ code: 0, stderr: '' })));
        const said = outcomes.map(
          ({ stdout }) => JSON.parse(stdout) as { enqueued: number; reads: number; worstReadMs: number; worstWriteMs: number },
        );
        const total = said.reduce((sum, { enqueued }) => sum + enqueued, 0);

        const rest = await arena.startWorker();
        await arena.untilAllEnded(120_000);
        await rest.end('SIGTERM');
        report(`busy file: ${JSON.stringify(said)}`);
        expect(total).toBeGreaterThan(0);
        expect(await arena.counts()).toEqual({ completed: total });
        expect(await readCounter(arena)).toEqual({ value: total, effects: total, jobs: total });
        expect(await arena.query('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      });
    },
    isFullChaos ? 300_000 : 240_000,
  );
});
