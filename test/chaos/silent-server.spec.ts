import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChaosArena, inArena, isFullChaos, report, times } from '../support/chaos-arena.js';
import { machineMs } from '../support/chaos-handlers.js';
import { type PostgresServer, startPostgres } from '../support/postgres-server.mjs';

const HEARTBEAT_MS = 1_000;
const DEAD_AFTER_MS = 3_000;
const OPTIONS = { heartbeatMs: HEARTBEAT_MS, deadAfterMs: DEAD_AFTER_MS };
const SLACK_MS = 1_000;
const backendsOf = (roles: string) => `select pid from pg_stat_activity where datname = current_database()
  and application_name ~ '^nestjs-host-database (${roles})$'`;

/**
 * A backend that is stopped is a connection whose other end is gone without a word: it stays open and nothing comes. SQLite has no
 * connections.
 */
describe('a worker on postgresql whose connections have gone silent', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Stops backends of its process while `work` goes on. */
  const whileSilent = async (arena: ChaosArena, role: string, work: () => Promise<void>) => {
    const pids = (await arena.query<{ pid: number }>(backendsOf(role))).map(({ pid }) => pid);
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  };

  it('finds jobs by its heartbeat while notifications do not arrive', async () => {
    const test = async (arena: ChaosArena) => {
      const worker = await arena.startWorker(OPTIONS);
      await arena.until(async () => (await arena.query(backendsOf('listen'))).length === 1, 60_000);
      await whileSilent(arena, 'listen', async () => {
        const delaysMs: number[] = [];
        for (let time = 0; time < 3; time++) {
          const enqueuedAt = machineMs();
          const [id = ''] = await arena.enqueueMany('chaos.wait-for', times(1, { ms: 0 }));
          await arena.until(() => worker.events().some((event) => event.id === id), 30_000);
          delaysMs.push(Math.round((worker.events().find((event) => event.id === id)?.at ?? 0) - enqueuedAt));
        }
        report(`silent listener: jobs begin after ${delaysMs.join('/')} ms`);
        // None came by the new connection of a minute later; the quickest says what the heartbeat takes where the machine is not busy.
        expect(Math.max(...delaysMs)).toBeLessThan(30_000);
        expect(Math.min(...delaysMs)).toBeLessThan(HEARTBEAT_MS + SLACK_MS);
        if (!isFullChaos) return;
        // In the course of a minute it finds out, and listens on another connection.
        await arena.until(async () => (await arena.query(backendsOf('listen'))).length === 2, 60_000);
      });
    };
    await inArena('postgresql', test, server.url);
  }, 240_000);

  it('has its jobs done by another while it waits for an answer, and comes back', async () => {
    const test = async (arena: ChaosArena) => {
      const worker = await arena.startWorker(OPTIONS);
      const [id = ''] = await arena.enqueueMany('chaos.wait-for', times(1, { ms: 3_600_000, laterMs: 0 }));
      await arena.until(() => worker.events().length === 1, 60_000);
      await whileSilent(arena, 'jobs|heartbeat', async () => {
        const heir = await arena.startWorker(OPTIONS);
        await arena.until(
          () => heir.events().some((event) => event.id === id && event.event === 'ended'),
          DEAD_AFTER_MS + 60_000,
        );
        await heir.end('SIGTERM');
        if (!isFullChaos) return;
        const isTold = () => worker.events().some((event) => event.id === id && event.reason === 'JobLeaseLostError');
        const silentSince = performance.now();
        await arena.until(isTold, 60_000);
        report(
          `silent worker: told of its loss ${Math.round(performance.now() - silentSince)} ms after another had done its job`,
        );
        const [next = ''] = await arena.enqueueMany('chaos.wait-for', times(1, { ms: 0 }));
        await arena.until(() => worker.events().some((event) => event.id === next && event.event === 'ended'), 60_000);
      });
      expect((await arena.counts()).completed).toBeGreaterThan(0);
      expect(await arena.query('select id from sys_jobs where id = ? and attempt = 2 and crash_count = 1', [id])).toHaveLength(1);
    };
    await inArena('postgresql', test, server.url);
  }, 240_000);
});
