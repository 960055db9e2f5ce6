import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Injectable, Logger, type Provider } from '@nestjs/common';
import { ContextService, genId, SystemJob } from 'nestjs-host-database';
import {
  JobHandler,
  type JobRun,
  JobSchedulesService,
  JobsService,
  JobTenantRequiredError,
  ScheduledJob,
  ScheduleWithoutTenantError,
  UndeclaredJobScopeError,
} from 'nestjs-host-database/jobs';
import { InjectTenantRepository, NoTenantError, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

@Injectable()
class NoteHandlers {
  readonly seen: unknown[] = [];

  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    private readonly context: ContextService,
  ) {}

  @JobHandler('notes.write-one', { runsFor: 'tenant' })
  async writeOne({ payload, tenantId }: JobRun): Promise<void> {
    this.notes.create({ id: 1, text: String(payload) });
    this.seen.push([tenantId, this.context.current.tenantId]);
    if (payload === 'bad') throw new Error('no');
  }

  @JobHandler('notes.write-transactional', { transactional: true, runsFor: 'tenant' })
  async writeTransactional({ payload }: JobRun): Promise<void> {
    this.notes.create({ id: 1, text: String(payload) });
  }

  @JobHandler('notes.count-elsewhere', { runsFor: 'host' })
  async countElsewhere({ tenantId }: JobRun): Promise<void> {
    const count = await Promise.resolve()
      .then(() => this.notes.count())
      .catch((error: unknown) => error);
    this.seen.push([tenantId, this.context.current.tenantId, count]);
  }
}

@Injectable()
class UndeclaredHandlers {
  @JobHandler('notes.forget-scope')
  async forgetScope(): Promise<void> {
    await Promise.resolve();
  }
}

@Injectable()
class ScheduledForTenants {
  @ScheduledJob('0 3 * * *')
  @JobHandler('notes.clean-up', { runsFor: 'tenant' })
  async cleanUp(): Promise<void> {
    await Promise.resolve();
  }
}

describe.each(['sqlite', 'postgresql'] as const)("a tenant's job on %s", (database) => {
  let host: TestHost;
  let tenantA: string;
  let tenantB: string;

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [NoteHandlers], options: { tenantDatabases: { entities: [Note] } } });
    [tenantA, tenantB] = [(await host.newTenant()).id, (await host.newTenant()).id];
  });
  afterAll(async () => {
    await host.close();
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    host.get(NoteHandlers).seen.length = 0;
    await host.run(() => host.hostDatabase.systemJobs.nativeDelete({}));
    for (const tenantId of [tenantA, tenantB]) await host.get(TenantDatabases).run(tenantId, (em) => em.nativeDelete(Note, {}));
  });

  const enqueue = (type: string, payload: unknown, tenantId?: string) =>
    host.run(() => host.get(JobsService).enqueue(type, payload, { ...(tenantId && { tenantId }) }));
  const textsOf = (tenantId: string) =>
    host.get(TenantDatabases).run(tenantId, async (em) => (await em.find(Note, {})).map(({ text }) => text));

  it.each(['notes.write-one', 'notes.write-transactional'])("runs %s in that tenant's database", async (type) => {
    await enqueue(type, 'for a', tenantA);
    await enqueue(type, 'for b', tenantB);
    expect(await host.jobs.drain()).toBe(2);
    expect([await textsOf(tenantA), await textsOf(tenantB)]).toEqual([['for a'], ['for b']]);
    expect(await host.jobs.enqueued()).toEqual([]);
  });

  it('has the tenant in its context, and discards what it wrote where it fails', async () => {
    await enqueue('notes.write-one', 'bad', tenantA);
    await host.jobs.drain();
    expect(host.get(NoteHandlers).seen).toEqual([[tenantA, tenantA]]);
    expect(await textsOf(tenantA)).toEqual([]);
    expect(await host.jobs.enqueued('notes.write-one')).toMatchObject([{ status: 'scheduled', tenantId: tenantA }]);
  });

  it('may say that it does not need that database', async () => {
    // Nobody can enter the database of a tenant that there is not.
    const tenantId = genId();
    await enqueue('notes.count-elsewhere', null, tenantId);
    await host.jobs.drain();
    expect(host.get(NoteHandlers).seen).toEqual([[tenantId, tenantId, expect.any(NoTenantError)]]);
  });

  it('fails where there is no such tenant', async () => {
    await enqueue('notes.write-one', 'for nobody', genId());
    await host.jobs.drain();
    expect(host.get(NoteHandlers).seen).toEqual([]);
    expect(await host.jobs.enqueued()).toMatchObject([{ errorLog: expect.stringContaining('TenantNotFoundError') }]);
  });

  it('is refused without one, where its handler runs for a tenant', async () => {
    await expect(enqueue('notes.write-one', 'for nobody')).rejects.toThrow(JobTenantRequiredError);
    const schedule = { name: 'nightly', type: 'notes.write-one', cron: '0 3 * * *', payload: null };
    const upsert = (tenantId?: string) =>
      host.run(() => host.get(JobSchedulesService).upsert({ ...schedule, ...(tenantId && { tenantId }) }));
    await expect(upsert()).rejects.toThrow(JobTenantRequiredError);
    await expect(upsert(tenantA)).resolves.toMatchObject({ tenantId: tenantA });
    await host.run(() => host.get(JobSchedulesService).remove('nightly'));
    expect(await host.jobs.enqueued()).toEqual([]);
  });

  it('becomes a dead letter without one, where somebody has enqueued it who did not know', async () => {
    await enqueue('notes.count-elsewhere', null);
    await host.run(() => host.hostDatabase.em.nativeUpdate(SystemJob, {}, { jobType: 'notes.write-one' }));
    await host.jobs.drain();
    expect(host.get(NoteHandlers).seen).toEqual([]);
    const [job] = await host.run(() => host.hostDatabase.systemJobs.findAll());
    expect(job).toMatchObject({ status: 'failed', attempt: 1, errorLog: expect.stringContaining('JobTenantRequiredError') });
  });

  it('stays the same at each attempt', async () => {
    await enqueue('notes.write-one', 'bad', tenantA);
    await enqueue('notes.write-one', 'bad', tenantB);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await host.jobs.drain();
      host.clock.advance(3_600_000);
    }
    const { seen } = host.get(NoteHandlers);
    expect(seen.length).toBeGreaterThanOrEqual(6);
    expect(new Set(seen.map((tenants) => JSON.stringify(tenants)))).toEqual(
      new Set([tenantA, tenantB].map((id) => JSON.stringify([id, id]))),
    );
  });

  it('stops the boot where its handler does not say for whom it runs', async () => {
    const boot = (...providers: Provider[]) =>
      createTestHost({ database, providers, options: { tenantDatabases: { entities: [Note] } } });
    await expect(boot(UndeclaredHandlers)).rejects.toThrow(UndeclaredJobScopeError);
    await expect(boot(ScheduledForTenants)).rejects.toThrow(ScheduleWithoutTenantError);
    // There is nothing to choose without tenant entities.
    const plain = await createTestHost({ database, providers: [UndeclaredHandlers] });
    await plain.close();
  });
});
