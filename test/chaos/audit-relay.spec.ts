import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DatabaseType, HostDatabaseModule } from 'nestjs-host-database';
import { AuditReader } from 'nestjs-host-database/audit';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';
import { Hospitals, tenantDatabases, tenantEntities } from '../support/hospital.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const KILLS = isFullChaos ? 100 : 3;
const LIVES_MS = 150;

describe.each<DatabaseType>(['sqlite', 'postgresql'])(
  "processes that are killed while they change tenants' data on %s",
  (type) => {
    let scratch: ScratchDatabase;
    let directory: string;
    let host: TestHost;
    let tenantId: string;

    beforeEach(async () => {
      [scratch, directory] = [await scratchDatabase(type), await mkdtemp(join(tmpdir(), 'tenants-'))];
      host = await createTestHost({
        // The kit drops the databases of tenants on this kind of server.
        database: type,
        application: (options) =>
          HostDatabaseModule.forRoot({
            ...options,
            database: scratch.options,
            tenantDatabases: { ...tenantDatabases, directory },
            audit: { tenantEntities },
          }),
      });
      tenantId = (await host.newTenant()).id;
    });
    afterEach(async () => {
      await host.close();
      await scratch.drop();
      await rm(directory, { recursive: true, force: true });
    });

    const program = (dies = '') =>
      startProgram('audit-tenant-changes', {
        env: { DATABASE: JSON.stringify(scratch.options), DIRECTORY: directory, TENANT: tenantId, DIES: dies },
      });
    const patients = () =>
      host
        .get(TenantDatabases)
        .run(tenantId, (em) => em.execute<{ id: string }[]>('select id from patients'))
        .then((rows) => rows.map(({ id }) => id).toSorted());
    const waiting = async () => (await new Hospitals(host).waiting(tenantId)).length;
    /** What the log has of them, each as often as it is there. */
    const recorded = async () => {
      const ids: string[] = [];
      const reader = host.get(AuditReader).forTenant(tenantId);
      let after: string | undefined;
      do {
        const page = await host.run(() => reader.find({ eventType: 'patients.created', limit: 500, ...(after && { after }) }));
        ids.push(...page.rows.map(({ targetId }) => targetId ?? ''));
        after = page.next;
      } while (after !== undefined);
      return ids.toSorted();
    };
    const recovered = async () => {
      host.clock.advance(60_000);
      await host.jobs.drain({ types: ['tenant-databases.relay-audit-rows'] });
    };

    it.each([
      ['before the log', false],
      ['after the log', true],
    ])('leave one row for the change where they die after its commit, %s', async (dies, isInLog) => {
      const outcome = await program(dies).ended;
      expect(outcome).toMatchObject({ signal: 'SIGKILL', stderr: '' });
      const made = await patients();
      expect([made.length > 0, await waiting(), (await recorded()).length > 0]).toEqual([true, made.length, isInLog]);
      await recovered();
      expect([await waiting(), await recorded()]).toEqual([0, made]);
    });

    it(
      `leave no change without its row, and none with two: ${KILLS} kills`,
      async () => {
        for (let kill = 0; kill < KILLS; kill++) {
          const victim = program();
          await victim.said(/^ready\n\./m);
          await delay(LIVES_MS * Math.random());
          victim.child.kill('SIGKILL');
          await victim.ended;
        }
        await recovered();
        const made = await patients();
        expect([await waiting(), await recorded()]).toEqual([0, made]);
        expect(made.length).toBeGreaterThanOrEqual(KILLS);
        report(`kills beside tenants' data, ${type}: ${KILLS} kills, ${made.length} changes`);
      },
      isFullChaos ? 900_000 : 240_000,
    );
  },
);
