import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { HostDatabase, InvalidOptionError } from 'nestjs-host-database';
import { type AuditSealingOptions, AuditService, AuditVerifier } from 'nestjs-host-database/audit';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';
import { MemoryAnchor, RotatingSigner } from '../support/audit-log.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { startSealedApplication } from '../support/sealed-application.js';
import { MachinePauses } from '../support/machine-pauses.js';
import { until } from '../support/until.js';

describe.each(['sqlite', 'postgresql'] as const)('a process that seals by itself on %s', (type) => {
  let scratch: ScratchDatabase;
  const apps: INestApplicationContext[] = [];
  const signer = new RotatingSigner();
  const anchor = new MemoryAnchor();

  beforeEach(async () => {
    anchor.kept.length = 0;
    anchor.isDown = false;
    scratch = await scratchDatabase(type);
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
    await scratch.drop();
  });

  const start = async (sealing: Partial<AuditSealingOptions>, worker: boolean) => {
    const options = { signer, publicKeys: signer.publicKeys, anchors: [anchor], verifyAt: false as const, ...sealing };
    const app = await startSealedApplication({ database: scratch.options, sealing: options, jobs: { worker } });
    apps.push(app);
    return app;
  };
  const record = (app: INestApplicationContext) =>
    app
      .get(HostDatabase)
      .run(() => app.get(AuditService).record({ eventType: 'audit.legal-hold-placed', details: { reason: 'x' } }));
  const count = async (app: INestApplicationContext, table: string) => {
    const rows = await app.get(HostDatabase).run((em) => em.execute<{ n: number }[]>(`select count(*) as n from ${table}`));
    return Number(rows[0]?.n);
  };

  it('seals and anchors what is recorded, also after an anchor was down', async () => {
    anchor.isDown = true;
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const app = await start({ everyMs: 20 }, true);
    await record(app);
    await until(async () => (await count(app, 'sys_audit_checkpoints')) === 1);
    expect(await count(app, 'sys_audit_unsealed')).toBe(0);
    await until(() => errors.mock.calls.length > 0);
    expect(anchor.kept).toEqual([]);
    anchor.isDown = false;
    await until(() => anchor.kept.length === 1);
    expect(errors.mock.calls.map(([message]) => String(message)).every((message) => message.includes('The anchor memory'))).toBe(
      true,
    );
    errors.mockRestore();
    await record(app);
    await until(() => anchor.kept.length === 2);
  });

  it('seals once more at its shutdown, and leaves it to others without a worker', async () => {
    const idle = await start({ everyMs: 10 }, false);
    const app = await start({ everyMs: 3_600_000 }, true);
    await record(app);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await count(idle, 'sys_audit_unsealed')).toBe(1);
    apps.pop();
    await app.close();
    expect(await count(idle, 'sys_audit_unsealed')).toBe(0);
    expect(await count(idle, 'sys_audit_checkpoints')).toBe(1);
  });

  it('does not wait long at its shutdown for an anchor that never answers', async () => {
    const hangs = jest.spyOn(anchor, 'keep').mockImplementation(() => new Promise(() => undefined));
    const app = await start({ everyMs: 20 }, true);
    await record(app);
    await until(() => hangs.mock.calls.length > 0);
    const startedAt = performance.now();
    const pauses = new MachinePauses();
    apps.pop();
    await app.close();
    hangs.mockRestore();
    expect(performance.now() - startedAt - pauses.end()).toBeLessThan(10_000);
  });

  it('verifies the log when its schedule says so', async () => {
    const app = await start({ verifyAt: '30 2 * * *' }, false);
    const inContext = <T>(work: () => Promise<T>) => app.get(HostDatabase).run(work);
    const ofAudit = ({ name }: { readonly name: string }) => name.startsWith('audit.');
    const schedules = async () => (await inContext(() => app.get(JobSchedulesService).list())).filter(ofAudit);
    expect(await schedules()).toMatchObject([{ name: 'audit.verify-log', cron: '30 2 * * *', timeZone: 'UTC' }]);
    await inContext(() => app.get(JobsService).enqueue('audit.verify-log', null));
    await app.get(JobsService).runPending();
    expect(await app.get(AuditVerifier).lastResult()).toMatchObject({ ok: true, scopes: 1 });

    await start({ verifyAt: false }, false);
    expect(await schedules()).toEqual([]);
  });

  it('does not start with a schedule that is none', async () => {
    const sealing = { signer, publicKeys: signer.publicKeys, verifyAt: 'soon' };
    await expect(createTestHost({ database: type, options: { audit: { sealing } } })).rejects.toThrow(InvalidOptionError);
  });
});
