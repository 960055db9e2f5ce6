import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Injectable, Logger } from '@nestjs/common';
import { ContextService, genId } from 'nestjs-host-database';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';
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

  @JobHandler('notes.write-one')
  async writeOne({ payload, tenantId }: JobRun): Promise<void> {
    this.notes.create({ id: 1, text: String(payload) });
    this.seen.push([tenantId, this.context.current.tenantId]);
    if (payload === 'bad') throw new Error('no');
  }

  @JobHandler('notes.write-transactional', { transactional: true })
  async writeTransactional({ payload }: JobRun): Promise<void> {
    this.notes.create({ id: 1, text: String(payload) });
  }

  @JobHandler('notes.count-elsewhere', { tenantDatabase: false })
  async countElsewhere({ tenantId }: JobRun): Promise<void> {
    const count = await Promise.resolve()
      .then(() => this.notes.count())
      .catch((error: unknown) => error);
    this.seen.push([tenantId, this.context.current.tenantId, count]);
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

  it('reaches no tenant where the job has none', async () => {
    await enqueue('notes.write-one', 'for nobody');
    await host.jobs.drain();
    expect(await host.jobs.enqueued()).toMatchObject([{ errorLog: expect.stringContaining(NoTenantError.name) }]);
  });
});
