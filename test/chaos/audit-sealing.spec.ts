import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, genId, HostDatabase } from 'nestjs-host-database';
import { AuditService, AuditVerifier } from 'nestjs-host-database/audit';
import { RotatingSigner } from '../support/audit-log.js';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { scratchDatabase } from '../support/scratch-database.js';
import { startSealedApplication } from '../support/sealed-application.js';
import { until } from '../support/until.js';

/** On SQLite they all wait for one connection. */
const WRITERS: Readonly<Record<DatabaseType, number>> = { sqlite: isFullChaos ? 32 : 8, postgresql: 32 };
const SECONDS = isFullChaos ? 30 : 2;
const MAX_UNSEALED_MS = 1_000;
/** Longer than a row may wait: it is sealed late, and no finding. */
const SLOW_MS = 1_500;
/** Those who seal stand still with the one who verifies: what is not sealed after such a pause says nothing. */
const PAUSE_MS = 500;
const SCOPES = [null, genId(), genId(), genId()];

const oneIn = (count: number) => Math.random() * count < 1;
const upTo = (ms: number) => Math.floor(Math.random() * ms);

class RollBack extends Error {}

/** Writes transactions of a few rows until the time is over; returns the ids that were committed, and those that were not. */
async function write(hostDatabase: HostDatabase, audit: AuditService, type: DatabaseType, untilMs: number) {
  const committed: string[] = [];
  const rolledBack: string[] = [];
  while (performance.now() < untilMs) {
    const ids: string[] = [];
    const work = async () => {
      for (let left = 1 + upTo(3); left > 0; left--) {
        const tenantId = SCOPES[upTo(SCOPES.length)] ?? null;
        const row = await audit.record({ eventType: 'audit.legal-hold-placed', tenantId, details: { reason: 'chaos' } });
        ids.push(row.id);
        await delay(upTo(5));
      }
      // On SQLite nobody else could write meanwhile.
      if (type === 'postgresql' && oneIn(50)) await delay(SLOW_MS);
      if (oneIn(5)) throw new RollBack();
    };
    try {
      await hostDatabase.run(() => hostDatabase.transactional(work));
      committed.push(...ids);
    } catch (error) {
      if (!(error instanceof RollBack)) throw error;
      rolledBack.push(...ids);
    }
    await delay(upTo(20));
  }
  return { committed, rolledBack };
}

describe.each(['sqlite', 'postgresql'] as const)('many writers on %s, and two applications that seal', (type) => {
  // CHAOS=full: for half a minute.
  it(
    'have every committed row in exactly one checkpoint, and no false alarm meanwhile',
    async () => {
      const scratch = await scratchDatabase(type);
      const signer = new RotatingSigner();
      const { publicKeys } = signer;
      const sealing = {
        signer,
        publicKeys,
        everyMs: 100,
        rowsPerCheckpoint: 50,
        maxUnsealedMs: MAX_UNSEALED_MS,
        verifyAt: false,
      } as const;
      const start = (worker: boolean) =>
        startSealedApplication({ database: scratch.options, sealing, jobs: { worker, pollIntervalMs: 1_000 } });
      const apps = [await start(true), await start(true)];
      const [app] = apps as [(typeof apps)[0]];
      try {
        const hostDatabase = app.get(HostDatabase);
        const query = <T>(sql: string) => hostDatabase.run((em) => em.execute<T[]>(sql));
        const untilMs = performance.now() + SECONDS * 1_000;
        const alarms: unknown[] = [];
        const pauses = monitorEventLoopDelay({ resolution: 20 });
        pauses.enable();
        const verifyMeanwhile = async () => {
          while (performance.now() < untilMs) {
            pauses.reset();
            const { reports } = await app.get(AuditVerifier).verify();
            const hasPaused = pauses.max > PAUSE_MS * 1e6;
            const findings = reports.flatMap((each) => each.findings);
            alarms.push(...findings.filter(({ kind }) => !(hasPaused && kind === 'not-sealed-in-time')));
            await delay(100);
          }
          pauses.disable();
        };
        const writers = Array.from({ length: WRITERS[type] }, () => write(hostDatabase, app.get(AuditService), type, untilMs));
        const [outcomes] = await Promise.all([Promise.all(writers), verifyMeanwhile()]);
        await until(async () => (await query('select 1 from sys_audit_unsealed limit 1')).length === 0);

        const committed = outcomes.flatMap((outcome) => outcome.committed);
        const rolledBack = new Set(outcomes.flatMap((outcome) => outcome.rolledBack));
        const rows = (await query<{ id: string }>('select id from sys_audit_logs')).map(({ id }) => id);
        const checkpoints = await query<{ scope: string; seq: number; manifest: string }>(
          'select scope, seq, manifest from sys_audit_checkpoints order by scope, seq',
        );
        const sealed = checkpoints.flatMap(({ manifest }) => manifest.split('\n').map((line) => line.slice(0, 32)));
        report(
          `audit on ${type}: ${committed.length} rows in ${SECONDS} s, ${rolledBack.size} rolled back, ${checkpoints.length} checkpoints`,
        );
        expect(alarms).toEqual([]);
        expect(sealed.toSorted()).toEqual(rows.toSorted());
        expect(new Set(sealed).size).toBe(sealed.length);
        const inLog = new Set(rows);
        expect(committed.filter((id) => !inLog.has(id))).toEqual([]);
        expect(rows.filter((id) => rolledBack.has(id))).toEqual([]);
        expect(committed.length).toBeGreaterThan(WRITERS[type]);
        expect(rolledBack.size).toBeGreaterThan(0);
        const result = await app.get(AuditVerifier).verify();
        expect(result).toMatchObject({ ok: true, checkedRows: rows.length, checkedCheckpoints: checkpoints.length });
      } finally {
        for (const each of apps) await each.close();
        await scratch.drop();
      }
    },
    isFullChaos ? 300_000 : 240_000,
  );
});
