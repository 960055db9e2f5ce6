import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DatabaseType } from 'nestjs-host-database';
import { type FleetReport, TenantMigrations } from 'nestjs-host-database/tenant-databases';
import { isFullChaos, report as tell } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';
import { Fleet, type FleetApplication, M1, M2 } from '../support/fleet.js';

const TENANTS: Readonly<Record<DatabaseType, number>> = isFullChaos
  ? { sqlite: 500, postgresql: 500 }
  : { sqlite: 60, postgresql: 16 };
const POISONED = 5;
/** Of one that dies: the next one waits for its leases. The others have leases that outlast any pause of the machine. */
const LEASE_OF_THE_DOOMED_MS = 1_000;
const LIMIT_MS = isFullChaos ? 900_000 : 240_000;

type ProcessReport = FleetReport & { readonly opened: number };

describe.each<DatabaseType>(['sqlite', 'postgresql'])(`${TenantMigrations.name} in processes that die, on %s`, (type) => {
  const tenants = TENANTS[type];
  let fleet: Fleet;
  let v1: FleetApplication;
  let ids: string[];

  beforeEach(async () => {
    fleet = await Fleet.create(type);
    v1 = await fleet.start([M1], { outdated: 'serve', maxOpen: 4 });
    ids = await fleet.addTenants(v1, tenants);
  }, 600_000);
  afterEach(async () => {
    await fleet.drop();
  }, 600_000);

  const migrator = (env: Record<string, string> = {}) =>
    startProgram('migrate-fleet', {
      env: { DATABASE: JSON.stringify(fleet.database), DIRECTORY: fleet.directory, ...env },
    });
  const endedOf = (output: string) =>
    [...output.matchAll(/^tenant (\w+) (done|failed)/gm)].map(([, id = '', state]) => ({ id, state }));
  const reportOf = (output: string) => JSON.parse(/^report (.*)$/m.exec(output)?.[1] ?? '{}') as ProcessReport;
  const countApplied = async () => {
    const counts: number[] = [];
    for (const id of ids) counts.push((await fleet.applied(v1, id)).filter((name) => name === M2.name).length);
    return counts;
  };

  it(
    'touch only the unfinished after one was killed half way, report the poisoned, and then find nothing to do',
    async () => {
      const step = Math.floor(tenants / POISONED);
      const poisoned = ids.filter((_, index) => index % step === step - 1).slice(0, POISONED);
      expect(poisoned).toHaveLength(POISONED);
      await fleet.poison(v1, poisoned);

      // All of its tries are first ones by then, so what it had in hand has two more.
      const doomed = migrator({ DIES_AFTER: String(tenants / 2), LEASE_MS: String(LEASE_OF_THE_DOOMED_MS) });
      const { signal, stdout } = await doomed.ended;
      expect(signal).toBe('SIGKILL');
      const before = endedOf(stdout);
      expect(before).toHaveLength(tenants / 2);
      expect(await v1.migrations.status()).toMatchObject({ state: 'running', total: tenants });
      const versions = await fleet.versions(v1);
      const finished = ids.filter(
        (id, index) => versions[index] === M2.name || before.some((each) => each.id === id && each.state === 'failed'),
      );

      const next = await migrator().ended;
      expect(next).toMatchObject({ code: 0, stderr: '' });
      const report = reportOf(next.stdout);
      expect(report).toMatchObject({ state: 'completed', total: tenants, done: tenants - POISONED, failed: POISONED });
      expect(report.failures.map(({ tenantId }) => tenantId)).toEqual(poisoned);
      for (const { error, attempts } of report.failures) {
        expect(error).toMatch(/labels.* already exists/);
        expect(attempts).toBe(3);
      }
      // It has gone to nobody who was done, and to nobody more often than the tries of those who are poisoned take.
      const touched = endedOf(next.stdout).map(({ id }) => id);
      expect(touched.filter((id) => finished.includes(id))).toEqual([]);
      expect(touched.length).toBe(tenants - finished.length);
      expect(report.opened).toBeLessThanOrEqual(touched.length + 2 * POISONED);
      expect(await countApplied()).toEqual(ids.map((id) => (poisoned.includes(id) ? 0 : 1)));
      expect(await v1.migrations.status()).toMatchObject({ runId: report.runId, state: 'completed' });

      // What failed is all that is left, and once it is mended nothing is.
      await fleet.mend(v1, poisoned);
      const third = reportOf((await migrator().ended).stdout);
      expect(third).toMatchObject({ total: POISONED, done: POISONED, failed: 0, opened: POISONED });
      const v2 = await fleet.start([M1, M2]);
      const times: number[] = [];
      for (let time = 0; time < 3; time++) {
        const beganAt = performance.now();
        expect(await v2.migrations.run()).toMatchObject({ total: 0 });
        times.push(performance.now() - beganAt);
      }
      expect(v2.opened()).toBe(0);
      // The fastest is what it takes; the others are also what the machine was busy with.
      const tookMs = Math.min(...times);
      expect(tookMs).toBeLessThan(2_000);
      tell(`${type}: ${tenants} tenants, killed after ${finished.length}; with nothing to do ${tookMs.toFixed(1)} ms`);
    },
    LIMIT_MS,
  );

  it(
    'share the work of one run, and migrate nobody twice',
    async () => {
      const processes = [migrator({ WAITS: '1', CONCURRENCY: '2' }), migrator({ WAITS: '1', CONCURRENCY: '2' })];
      await Promise.all(processes.map((each) => each.said(/ready/)));
      for (const { child } of processes) child.stdin.write('go\n');
      // Neither gets further than to a tenant of its own before the other has one.
      await Promise.all(processes.map((each) => each.said(/^begun$/m)));
      for (const { child } of processes) child.stdin.write('on\n');
      const outcomes = await Promise.all(processes.map(({ ended }) => ended));
      expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(outcomes.map(() => ({ code: 0, stderr: '' })));

      const reports = outcomes.map(({ stdout }) => reportOf(stdout));
      expect(new Set(reports.map(({ runId }) => runId)).size).toBe(1);
      for (const report of reports) expect(report).toMatchObject({ state: 'completed', done: tenants, failed: 0 });
      const shares = outcomes.map(({ stdout }) => endedOf(stdout).map(({ id }) => id));
      expect(shares.flat().toSorted()).toEqual(ids.toSorted());
      for (const share of shares) expect(share.length).toBeGreaterThan(0);
      expect(reports.reduce((sum, { opened }) => sum + opened, 0)).toBe(tenants);
      expect(await countApplied()).toEqual(ids.map(() => 1));
    },
    LIMIT_MS,
  );
});
