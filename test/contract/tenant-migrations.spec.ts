import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { Logger } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { DatabaseType } from 'nestjs-host-database';
import { HostAuditLog, HostDatabase, InvalidIdError, InvalidInputError, TenantCatalog } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import {
  FleetInTransactionError,
  FleetMigrationFailedError,
  type FleetProgress,
  MIGRATE_FLEET_JOB,
  migrateTenants,
  MigrationRunNotFoundError,
  TenantMigrations,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { Fleet, type FleetApplication, M1, M2, M3, M4 } from '../support/fleet.js';
import { until } from '../support/until.js';

describe.each<DatabaseType>(['sqlite', 'postgresql'])(`${TenantMigrations.name} on %s`, (type) => {
  const TENANTS = 6;
  let fleet: Fleet;
  let v1: FleetApplication;
  let ids: string[];
  const started: FleetApplication[] = [];

  /** A version of the application that knows one migration more. */
  const deploy = async (...parameters: Parameters<Fleet['start']>) => {
    const application = await fleet.start(...parameters);
    started.push(application);
    return application;
  };
  const change = (tenants: readonly string[], facts: Partial<TenantCatalog>) =>
    v1.run(async (em) => {
      for (const tenant of await em.find(TenantCatalog, { id: { $in: [...tenants] } })) em.assign(tenant, facts);
    });
  /** The books of an application, which are no part of what the library offers. */
  const ledgerOf = ({ app }: FleetApplication) => {
    const providers = [...app.get(ModulesContainer).values()].flatMap((module) => Array.from(module.providers.values()));
    return providers.find(({ name }) => name === 'MigrationLedger')?.instance as {
      settle(runId: string, claim: { readonly tenantId: string }, how: unknown): Promise<boolean>;
    };
  };
  /** As of a tenant whose database nobody has looked into. */
  const forgetVersions = (tenants = ids) => change(tenants, { schemaVersion: null, schemaDigest: null });

  beforeAll(async () => {
    fleet = await Fleet.create(type);
  });
  beforeAll(async () => {
    v1 = await fleet.start([M1], { outdated: 'serve' });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of started.splice(0)) await each.close();
  });
  afterAll(async () => {
    await fleet.drop();
  });

  it('records the version of a tenant that is provisioned', async () => {
    ids = await fleet.addTenants(v1, TENANTS);
    expect(await fleet.versions(v1)).toEqual(ids.map(() => M1.name));
    expect(await v1.migrations.status()).toBeUndefined();
  });

  describe('run', () => {
    it('tells in a dry run what would be applied, and opens nothing where the catalogue knows', async () => {
      const v2 = await deploy([M1, M2]);
      const report = await v2.migrations.run({ dryRun: true });
      expect(report).toMatchObject({ state: 'planned', runId: undefined, total: TENANTS, target: M2.name });
      expect(report.plan).toEqual(ids.map((tenantId) => ({ tenantId, from: M1.name, pending: [M2.name] })));
      expect(v2.opened()).toBe(0);

      await forgetVersions(ids.slice(0, 2));
      const looked = await v2.migrations.run({ dryRun: true });
      expect(looked.plan?.map(({ pending }) => pending)).toEqual(ids.map(() => [M2.name]));
      expect(v2.opened()).toBe(2);
      expect(await v2.migrations.status()).toBeUndefined();
    });

    it('brings every tenant to the version of the application, once, with progress and a ledger', async () => {
      const v2 = await deploy([M1, M2]);
      expect(await v2.migrations.pending()).toHaveLength(TENANTS);
      const progress: FleetProgress[] = [];
      const report = await v2.migrations.run({ concurrency: 3, onProgress: (each) => progress.push(each) });

      expect(report).toMatchObject({
        state: 'completed',
        target: M2.name,
        total: TENANTS,
        done: TENANTS,
        failed: 0,
        failures: [],
      });
      expect(progress.map(({ tenant }) => tenant.tenantId).toSorted()).toEqual(ids.toSorted());
      expect(progress.at(-1)).toMatchObject({ runId: report.runId, total: TENANTS, done: TENANTS, pending: 0 });
      expect(progress[0]?.tenant).toMatchObject({ state: 'done', attempt: 1, from: M1.name, to: M2.name, applied: [M2.name] });
      expect(await fleet.versions(v2)).toEqual(ids.map(() => M2.name));
      for (const id of ids) expect(await fleet.applied(v2, id)).toEqual([M1.name, M2.name]);
      expect(await v2.migrations.status(report.runId)).toMatchObject({ ...report, endedAt: expect.any(Date) });
      const told = await v2.run((em) => em.find(HostAuditLog, { eventType: 'tenants.fleet-migrated' }));
      const details = {
        runId: report.runId,
        target: M2.name,
        state: 'completed',
        total: TENANTS,
        done: TENANTS,
        failed: 0,
        skipped: 0,
      };
      expect(told).toMatchObject([{ details, outcome: 'success' }]);
    });

    it('opens no database of a tenant where there is nothing to do', async () => {
      const v2 = await deploy([M1, M2]);
      const report = await v2.migrations.run();
      expect(report).toMatchObject({ state: 'completed', runId: undefined, total: 0 });
      expect(await v2.migrations.pending()).toEqual([]);
      expect(v2.opened()).toBe(0);
      // It is seen when one is opened.
      await v2.databases.run(ids[0] ?? '', (em) => em.execute('select 1'));
      expect(v2.opened()).toBe(1);
    });

    it('finds a migration that was added among older ones', async () => {
      const outOfOrder = await deploy([M1, { ...M3, name: 'Migration20260115000000_between' }, M2]);
      expect(await outOfOrder.migrations.run({ only: { ids: [ids[5] ?? ''] } })).toMatchObject({ done: 1 });
      expect(await fleet.applied(outOfOrder, ids[5] ?? '')).toHaveLength(3);
      // The older application finds a tenant that has all it needs, and leaves it so.
      const v2 = await deploy([M1, M2]);
      expect(await v2.migrations.run()).toMatchObject({ done: 1, failed: 0 });
      expect(await fleet.versions(v2)).toEqual(ids.map(() => M2.name));
      await fleet.mend(v2, [ids[5] ?? ''], 'colours');
    });

    it('keeps a failure to its tenant, tries it three times, and says why', async () => {
      const poisoned = ids.slice(1, 3);
      await fleet.poison(v1, poisoned, 'colours');
      const v3 = await deploy([M1, M2, M3]);
      const progress: FleetProgress[] = [];
      const report = await v3.migrations.run({ onProgress: (each) => progress.push(each) });

      expect(report).toMatchObject({ state: 'completed', total: TENANTS, done: TENANTS - 2, failed: 2 });
      expect(report.failures).toEqual(
        poisoned.map((tenantId) => ({
          tenantId,
          attempts: 3,
          from: M2.name,
          error: expect.stringMatching(/colours.* already exists/),
          at: expect.any(Date),
        })),
      );
      expect(await v3.migrations.failed()).toEqual(report.failures);
      const tries = progress
        .filter(({ tenant }) => tenant.tenantId === poisoned[0])
        .map(({ tenant }) => [tenant.attempt, tenant.state]);
      expect(tries).toEqual([
        [1, 'pending'],
        [2, 'pending'],
        [3, 'failed'],
      ]);
      // All or nothing: what failed has left nothing behind.
      expect(await fleet.applied(v1, poisoned[0] ?? '')).toEqual([M1.name, M2.name]);
      expect((await v3.migrations.pending()).map(({ tenantId }) => tenantId)).toEqual(poisoned);

      // The next run touches those alone.
      await fleet.mend(v1, poisoned, 'colours');
      const again = await deploy([M1, M2, M3]);
      expect(await again.migrations.run()).toMatchObject({ total: 2, done: 2, failed: 0 });
      expect(again.opened()).toBe(2);
      expect(await fleet.versions(v3)).toEqual(ids.map(() => M3.name));
    });

    it('goes on after the canaries only if none of them has failed', async () => {
      const [first = '', ...others] = ids;
      await fleet.poison(v1, [first], 'folders');
      const v4 = await deploy([M1, M2, M3, M4]);
      const stopped = await v4.migrations.run({ canary: [{ tenantIds: [first] }, { percent: 20 }] });
      expect(stopped).toMatchObject({ state: 'stopped', failed: 1, done: 0, pending: TENANTS - 1 });
      expect(stopped.stopReason).toMatch(/canary wave 1/);
      expect(await fleet.versions(v4, others)).toEqual(others.map(() => M3.name));

      await fleet.mend(v1, [first], 'folders');
      const order: string[] = [];
      const report = await v4.migrations.run({
        canary: [{ tenantIds: [first] }, { size: 2, pauseMs: 50 }],
        onProgress: ({ tenant }) => order.push(tenant.tenantId),
      });
      expect(report).toMatchObject({ state: 'completed', done: TENANTS });
      expect(order[0]).toBe(first);
      expect(order.slice(1, 3).toSorted()).toEqual(others.slice(0, 2));
    });

    it('stops once too many have failed, and leaves the rest', async () => {
      const v5 = await deploy([M1, M2, M3, M4, { ...M1, name: 'Migration20260501000000_again' }]);
      const report = await v5.migrations.run({ stopAfterFailures: 2, concurrency: 1, attempts: 1 });
      expect(report).toMatchObject({ state: 'stopped', failed: 2, pending: TENANTS - 2, total: TENANTS });
      expect(await v5.migrations.run({ stopAtPercent: 50, concurrency: 1, attempts: 1 })).toMatchObject({
        state: 'stopped',
        failed: 3,
      });
      // The control.
      expect(await v5.migrations.run({ concurrency: 1, attempts: 1 })).toMatchObject({ state: 'completed', failed: TENANTS });
    });

    it('lets be whoever has the tables of a later application', async () => {
      const v3 = await deploy([M1, M2, M3]);
      expect(await v3.migrations.run()).toMatchObject({ total: 0, ahead: TENANTS, runId: undefined });
      expect(v3.opened()).toBe(0);
      expect((await v3.migrations.pending()).map(({ state }) => state)).toEqual(ids.map(() => 'ahead'));
    });

    it('lets what runs end when it is told to, and takes the rest up again as the same run', async () => {
      await forgetVersions();
      const v4 = await deploy([M1, M2, M3, M4]);
      const stop = new AbortController();
      const report = await v4.migrations.run({ concurrency: 1, signal: stop.signal, onProgress: () => stop.abort() });
      expect(report).toMatchObject({ state: 'interrupted', done: 1, pending: TENANTS - 1, running: 0, failed: 0 });

      const next = await deploy([M1, M2, M3, M4]);
      expect(await next.migrations.run()).toMatchObject({ runId: report.runId, state: 'completed', done: TENANTS });
      expect(next.opened()).toBe(TENANTS - 1);
    });

    it('waits for what runs when the application shuts down', async () => {
      await forgetVersions();
      const doomed = await deploy([M1, M2, M3, M4]);
      const begun = Promise.withResolvers<void>();
      const running = doomed.migrations.run({ concurrency: 1, onProgress: () => begun.resolve() });
      await begun.promise;
      await doomed.close();
      expect(await running.catch((error: unknown) => error)).toMatchObject({ state: 'interrupted', running: 0 });
      const v4 = await deploy([M1, M2, M3, M4]);
      expect(await v4.migrations.run()).toMatchObject({ state: 'completed', done: TENANTS });
    });

    it('is shared by all who run it at the same time', async () => {
      await forgetVersions();
      const [one, other] = [await deploy([M1, M2, M3, M4]), await deploy([M1, M2, M3, M4])];
      const seen: string[][] = [[], []];
      const reports = await Promise.all(
        [one, other].map(({ migrations }, index) =>
          migrations.run({ concurrency: 1, onProgress: ({ tenant }) => seen[index]?.push(tenant.tenantId) }),
        ),
      );
      expect(reports[0]?.runId).toBe(reports[1]?.runId);
      for (const report of reports) expect(report).toMatchObject({ state: 'completed', done: TENANTS });
      expect(seen.flat().toSorted()).toEqual(ids.toSorted());
      expect(one.opened() + other.opened()).toBe(TENANTS);
    });

    it('settles a tenant a little later where that fails at first', async () => {
      await forgetVersions();
      const v4 = await deploy([M1, M2, M3, M4]);
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      // The first time of each.
      const refused = new Set<string>();
      const ledger = ledgerOf(v4);
      const settle = ledger.settle.bind(ledger);
      jest.spyOn(ledger, 'settle').mockImplementation(async (runId, claim, how) => {
        if (refused.has(claim.tenantId)) return settle(runId, claim, how);
        refused.add(claim.tenantId);
        throw new Error('too busy');
      });
      expect(await v4.migrations.run()).toMatchObject({ state: 'completed', done: TENANTS });
      expect([...refused].toSorted()).toEqual(ids.toSorted());
      const warnings = warn.mock.calls.filter(([message]) => String(message).includes('too busy'));
      expect(warnings).toHaveLength(TENANTS);
      expect(v4.opened()).toBe(TENANTS);
    });

    it('gets a tenant again that could not be settled at all, once its lease is over', async () => {
      const v4 = await deploy([M1, M2, M3, M4], { fleet: { leaseMs: 3_000 } });
      await v4.migrations.run();
      const applied = () => Promise.all(ids.map((id) => fleet.applied(v1, id)));
      const before = await applied();
      await forgetVersions();
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const tried = () => {
        const messages = warn.mock.calls.map(([message]) =>
          /^Tenant (\w+) could not be settled: .*too busy/s.exec(String(message)),
        );
        return new Set(messages.flatMap((found) => found?.[1] ?? []));
      };
      const allowVersions = await fleet.refuseVersions(v1);
      const running = v4.migrations.run({ concurrency: TENANTS });
      await until(() => tried().size === TENANTS);
      await allowVersions();
      // What was done is still so, and nobody is failed for it.
      expect(await running).toMatchObject({ state: 'completed', done: TENANTS, failed: 0 });
      expect(await fleet.versions(v4)).toEqual(ids.map(() => M4.name));
      expect(await applied()).toEqual(before);
    });

    it('takes those it is asked for, and leaves out who is archived', async () => {
      const [active = '', suspended = '', archived = '', another = ''] = ids;
      await forgetVersions([active, suspended, archived, another]);
      await v1.run(() => v1.app.get(TenantsService).suspend(suspended));
      await change([archived], { status: 'archived', isActive: false });
      const v4 = await deploy([M1, M2, M3, M4]);
      expect(await v4.migrations.run({ only: { ids: [active] } })).toMatchObject({ total: 1, done: 1 });
      expect(await v4.migrations.run({ only: { statuses: ['suspended'] } })).toMatchObject({ total: 1, done: 1 });
      expect(await v4.migrations.run()).toMatchObject({ total: 1, done: 1 });
      expect(await fleet.versions(v4, [archived])).toEqual([null]);
      expect(await v4.migrations.run({ only: { ids: [archived] } })).toMatchObject({ total: 1, done: 1 });
      await change([archived], { status: 'active', isActive: true });
      await v1.run(() => v1.app.get(TenantsService).reactivate(suspended));
    });

    it('refuses what makes no sense, and a transaction that it would wait for', async () => {
      for (const request of [
        { canary: {} },
        { canary: { size: 1, percent: 1 } },
        { canary: { size: 0 } },
        { canary: { percent: 101 } },
        { concurrency: 0 },
        { attempts: 1.5 },
        { stopAtPercent: -1 },
        { only: { statuses: ['deleted' as 'active'] } },
      ]) {
        await expect(v1.migrations.run(request)).rejects.toThrow(InvalidInputError);
      }
      await expect(v1.migrations.run({ only: { ids: ['x'] } })).rejects.toThrow(InvalidIdError);
      const inTransaction = v1.app.get(HostDatabase).run((em) => em.transactional(() => v1.migrations.run()));
      await expect(inTransaction).rejects.toThrow(FleetInTransactionError);
      await expect(v1.migrations.status('0'.repeat(32))).rejects.toThrow(MigrationRunNotFoundError);
    });
  });

  describe('enqueue', () => {
    it('runs as a job, which ends as a dead letter where tenants failed', async () => {
      await forgetVersions();
      const v4 = await deploy([M1, M2, M3, M4]);
      const jobs = v4.app.get(JobsService);
      const [id, same] = await v4.run(async () => [
        await v4.migrations.enqueue(),
        await v4.migrations.enqueue({ concurrency: 2 }),
      ]);
      expect(same).toBe(id);
      await jobs.runPending();
      expect(await v4.run(() => jobs.getById(id ?? ''))).toMatchObject({
        status: 'completed',
        output: { done: TENANTS, failed: 0 },
      });

      const v5 = await deploy([M1, M2, M3, M4, { ...M1, name: 'Migration20260501000000_again' }]);
      const failing = await v5.run(() => v5.migrations.enqueue({ attempts: 1, stopAfterFailures: 1 }));
      await v5.app.get(JobsService).runPending();
      const job = await v5.run(() => v5.app.get(JobsService).getById(failing));
      expect(job).toMatchObject({ status: 'failed', attempt: 1 });
      expect(job.errorLog).toContain(FleetMigrationFailedError.name);
    });

    /** A job whose run has done its canary, and pauses. */
    const pausing = async () => {
      await forgetVersions();
      const doomed = await deploy([M1, M2, M3, M4]);
      const id = await doomed.run(() => doomed.migrations.enqueue({ canary: { size: 1, pauseMs: 3_600_000 } }));
      const draining = doomed.app.get(JobsService).runPending({ types: [MIGRATE_FLEET_JOB] });
      await until(async () => (await doomed.migrations.status())?.done === 1);
      return { doomed, id, draining };
    };
    /** The job is there to be run again by whoever is left, and does the rest. */
    const expectTakenUpAgain = async (id: string) => {
      expect(await v1.run(() => v1.app.get(JobsService).getById(id))).toMatchObject({ status: 'scheduled', attempt: 0 });
      const runId = (await v1.migrations.status())?.runId ?? '';
      // The pause is over, and the job is due.
      await v1.run(async (em) => {
        await em.execute('update sys_tenant_migrations set ended_at = null where run_id = ?', [runId]);
        await em.execute('update sys_jobs set available_at = created_at where id = ?', [id]);
      });
      const v4 = await deploy([M1, M2, M3, M4]);
      await v4.app.get(JobsService).runPending({ types: [MIGRATE_FLEET_JOB] });
      const job = await v4.run(() => v4.app.get(JobsService).getById(id));
      expect(job).toMatchObject({ status: 'completed', output: { runId, state: 'completed', done: TENANTS } });
    };

    it('is taken up again where the process that ran it has shut down', async () => {
      const { doomed, id, draining } = await pausing();
      await doomed.close();
      expect(await draining).toBe(1);
      await expectTakenUpAgain(id);
    });

    it('is taken up again where another process has interrupted the run during a pause', async () => {
      const { id, draining } = await pausing();
      const other = await deploy([M1, M2, M3, M4]);
      expect(await other.migrations.run({ signal: AbortSignal.abort() })).toMatchObject({ state: 'interrupted' });
      await draining;
      await expectTakenUpAgain(id);
    });
  });

  describe('migrateTenants', () => {
    const program = async (application: FleetApplication, ...args: string[]) => {
      let text = '';
      const code = await migrateTenants(application.app, { args, out: { write: (part) => (text += part) } });
      return { code, text };
    };

    it('is a program with arguments, lines and an exit code', async () => {
      await forgetVersions();
      const v4 = await deploy([M1, M2, M3, M4]);
      expect(await program(v4, '--dry-run')).toMatchObject({
        code: 0,
        text: expect.stringContaining(`${TENANTS} tenants to migrate`),
      });
      const migrated = await program(v4, '--canary=1', '--canary=50%', '--canary-pause=1', '--concurrency=2', '--stop-after=10%');
      expect(migrated).toMatchObject({ code: 0, text: expect.stringContaining(`${TENANTS} of ${TENANTS} tenants migrated`) });
      expect(await program(v4)).toMatchObject({ code: 0, text: expect.stringContaining('nothing to do') });
      expect(await program(v4, '--status')).toMatchObject({ code: 0, text: expect.stringContaining('completed') });
      expect(await program(v4, '--help')).toMatchObject({ code: 0, text: expect.stringContaining('--dry-run') });
    });

    it('says what is wrong: with the arguments, and with the fleet', async () => {
      for (const args of [['--canary=0'], ['--concurrency=x'], ['--nonsense'], ['--only=1']]) {
        expect(await program(v1, ...args)).toMatchObject({ code: 2, text: expect.stringContaining('--concurrency=8') });
      }
      const v5 = await deploy([M1, M2, M3, M4, { ...M1, name: 'Migration20260501000000_again' }], { fleet: { attempts: 1 } });
      expect(await program(v5, `--only=${ids[0] ?? ''}`)).toMatchObject({ code: 1, text: expect.stringContaining('1 failed') });
    });
  });

  it('brings tables that are made from the entities up to date', async () => {
    const Before = defineEntity({ name: 'Shelf', tableName: 'shelves', properties: { id: p.integer().primary() } });
    const After = defineEntity({
      name: 'Shelf',
      tableName: 'shelves',
      properties: { id: p.integer().primary(), label: p.string().nullable() },
    });
    const before = await deploy([], { entities: [Before] });
    const [id = ''] = await fleet.addTenants(before, 1);
    const [version] = await fleet.versions(before, [id]);
    expect(version).toMatch(/^entities:[0-9a-f]{16}$/);
    expect(await before.migrations.run({ only: { ids: [id] } })).toMatchObject({ total: 0 });

    const after = await deploy([], { entities: [After] });
    expect(await after.migrations.run({ only: { ids: [id] }, dryRun: true })).toMatchObject({
      plan: [{ pending: [expect.stringMatching(/^entities:/)] }],
    });
    expect(await after.migrations.run({ only: { ids: [id] } })).toMatchObject({ total: 1, done: 1 });
    await after.databases.run(id, (em) => em.execute(`insert into shelves (id, label) values (1, 'blue')`));
    expect(await fleet.versions(after, [id])).not.toEqual([version]);
    expect(await after.run((em) => em.count(TenantCatalog, { id }))).toBe(1);
  });
});
