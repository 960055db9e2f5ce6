import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseType, genId, HostDatabase } from 'nestjs-host-database';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { TenantDatabases, TenantDeletion } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { runProgram } from '../support/child-process.js';
import { DeletionApplication, type DeletionSettings, Note } from '../support/deletion-application.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { until } from '../support/until.js';

/** At how many points of each dialect a process dies in an ordinary run; CHAOS=full takes all of them. */
const POINTS = 5;

describe.each<DatabaseType>(['sqlite', 'postgresql'])('a process that dies while it deletes a tenant on %s', (type) => {
  let scratch: ScratchDatabase;
  let directory: string;
  let settings: DeletionSettings;
  let app: INestApplicationContext;
  let host: HostDatabase;

  beforeAll(async () => {
    scratch = await scratchDatabase(type);
    directory = await mkdtemp(join(tmpdir(), 'deletion-kills-'));
    const [tenants, exportTo] = [join(directory, 'tenants'), join(directory, 'exports')];
    settings = { database: scratch.options, directory: tenants, exportTo, key: randomBytes(32).toString('hex') };
    app = await NestFactory.createApplicationContext(DeletionApplication.register(settings), { logger: ['error'] });
    host = app.get(HostDatabase);
  });
  afterAll(async () => {
    await app.close();
    await scratch.drop();
    await rm(directory, { recursive: true, force: true });
  });

  /** A tenant with a little of everything, whose deletion is due. */
  async function dueTenant(): Promise<string> {
    const { id } = await host.run(async () => {
      const owner = await app.get(UsersService).findOrCreateByOAuth({ oauthId: genId(), email: `${genId()}@example.com` });
      return app.get(TenantsService).create({ name: 'Gone', slug: `s${genId()}`, ownerId: owner.id });
    });
    await app.get(JobsService).runPending();
    await host.run(() => app.get(TenantsService).whenActive(id));
    await app.get(TenantDatabases).run(id, (em) => void em.create(Note, { id: 1, text: 'gone' }));
    await host.run(async () => {
      await app.get(JobsService).enqueue('test.later', null, { tenantId: id, delayMs: 86_400_000 });
      await app.get(JobSchedulesService).upsert({ name: `yearly-${id}`, type: 'test.yearly', cron: '0 0 1 1 *', tenantId: id });
      await app.get(TenantsService).requestDeletion(id, { graceDays: 0, export: true });
    });
    return id;
  }

  async function faultsOf(id: string, removes: unknown): Promise<string[]> {
    const faults: string[] = [];
    const expectNone = async (what: string, sql: string) => {
      const found = await host.run((em) =>
        em.execute<object[]>(
          sql,
          sql
            .split('?')
            .slice(1)
            .map(() => id),
        ),
      );
      if (found.length > 0) faults.push(`${what}: ${JSON.stringify(found)}`);
    };
    for (const table of ['core_memberships', 'sys_jobs', 'sys_job_schedules']) {
      await expectNone(table, `select id from (select tenant_id as id from ${table}) as found where id = ?`);
    }
    await expectNone(
      'the row',
      `select status, db_url, slug from core_tenants where id = ? and (status <> 'deleted' or db_url is not null or slug is not null)`,
    );
    if (type === 'postgresql') {
      await expectNone('a database', `select datname from pg_database where datname = 'tenant_' || ?`);
      await expectNone('a user', `select rolname from pg_roles where rolname = 'tenant_' || ?`);
    } else {
      faults.push(...(await readdir(settings.directory)).filter((file) => file.includes(id)));
    }
    const { export: files, ...removed } = (await host.run(() => app.get(TenantDeletion).find(id)))?.removed ?? {};
    try {
      expect(removed).toEqual(removes);
      expect(files).toMatchObject([{ table: 'note', rows: 1 }]);
    } catch (error) {
      faults.push(`not as planned: ${String(error)}`);
    }
    const exported = (await readdir(join(settings.exportTo, id))).toSorted();
    // A process that was killed while it wrote a file leaves its draft behind, and nothing under a name that counts.
    const kept = exported.filter((file) => !file.endsWith('.part'));
    if (kept.join() !== 'manifest.json,note.jsonl') faults.push(`exported: ${exported.join()}`);
    return faults;
  }

  interface Death {
    readonly hasDied: boolean;
    /** How many half steps it took, where it did not die. */
    readonly steps: number;
    readonly faults: string[];
  }

  async function deleteWithDeathAt(step: number | undefined): Promise<Death> {
    const id = await dueTenant();
    const { removes } = await host.run(() => app.get(TenantDeletion).plan(id));
    const env = { SETTINGS: JSON.stringify(settings), ...(step !== undefined && { DIE_AT: String(step) }) };
    const { signal, stdout, stderr } = await runProgram('delete-tenant', { env });
    const faults = stderr === '' ? [] : [stderr];
    const status = () => host.run(async () => (await app.get(TenantsService).getById(id)).status);
    // Another process takes it up, once the first has been silent for long enough.
    await until(async () => {
      await app.get(JobsService).runPending({ types: ['tenants.delete'] });
      return (await status()) === 'deleted';
    }, 60_000).catch(async (error: unknown) => faults.push(`${String(error)} It is ${await status()}.`));
    return { hasDied: signal === 'SIGKILL', steps: Number(stdout), faults: [...faults, ...(await faultsOf(id, removes))] };
  }

  it(
    'leaves nothing behind that the next one does not end',
    async () => {
      const failures: string[] = [];
      const controls = [await deleteWithDeathAt(undefined), await deleteWithDeathAt(undefined)];
      expect(controls).toEqual(controls.map(({ steps }) => ({ hasDied: false, steps, faults: [] })));
      // Of the two the one with fewer heartbeats in between.
      const steps = Math.min(...controls.map((control) => control.steps));
      expect(steps).toBeGreaterThan(40);
      const count = isFullChaos ? steps : POINTS;
      let died = 0;
      for (let point = 0; point < count; point++) {
        // One that needed fewer statements than the first ones has ended before; another dies earlier.
        for (let step = Math.floor(((point + 0.5) * steps) / count); ; step = Math.floor(step / 2)) {
          const { hasDied, faults } = await deleteWithDeathAt(step);
          failures.push(...faults.map((fault) => `at ${step} of ${steps}: ${fault}`));
          if (hasDied) died++;
          if (hasDied || isFullChaos || step === 0) break;
        }
      }
      report(`deletion kills, ${type}: ${died} of ${count} died, at ${steps} half steps`);
      expect(died).toBeGreaterThan(count * 0.5);
      expect(failures).toEqual([]);
    },
    isFullChaos ? 3_600_000 : 300_000,
  );
});
