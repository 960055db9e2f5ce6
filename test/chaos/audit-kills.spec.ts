import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, HostDatabase } from 'nestjs-host-database';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';
import { scratchDatabase } from '../support/scratch-database.js';

const KILLS = isFullChaos ? 200 : 6;
const LIVES_MS = 150;

describe.each<DatabaseType>(['sqlite', 'postgresql'])('processes that are killed in their transactions on %s', (type) => {
  it(
    `leave no change without its row, and no row without its change: ${KILLS} kills`,
    async () => {
      const scratch = await scratchDatabase(type);
      try {
        const env = { DATABASE: JSON.stringify(scratch.options) };
        const programs = [startProgram('audit-changes', { env })];
        for (let kill = 0; kill < KILLS; kill++) {
          // The next one starts beside the one that dies.
          programs.push(startProgram('audit-changes', { env }));
          const victim = programs.shift();
          await victim?.said(/^ready\n\./m);
          await delay(LIVES_MS * Math.random());
          victim?.child.kill('SIGKILL');
          await victim?.ended;
        }
        for (const { child } of programs) child.kill('SIGKILL');
        await Promise.all(programs.map(({ ended }) => ended));

        const host = await HostDatabase.open({ database: scratch.options });
        try {
          const ids = async (sql: string) => (await host.em.execute<{ id: string }[]>(sql)).map(({ id }) => id).toSorted();
          const made = await ids('select id from core_users');
          const recorded = await ids(`select target_id as id from sys_audit_logs where event_type = 'test.user-made'`);
          report(`kills in transactions, ${type}: ${KILLS} kills, ${made.length} changes`);
          expect(recorded).toEqual(made);
          expect(made.length).toBeGreaterThanOrEqual(KILLS);
        } finally {
          await host.close();
        }
      } finally {
        await scratch.drop();
      }
    },
    isFullChaos ? 900_000 : 240_000,
  );
});
