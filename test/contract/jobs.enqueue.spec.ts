import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { ContextService, genId, HostDatabase, HostDatabaseModule, InvalidIdError, InvalidInputError } from 'nestjs-host-database';
import { type EnqueueOptions, InvalidJobPayloadError, InvalidJobTypeError, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { SqlConversation } from '../support/sql-conversation.js';

const TYPE = 'mail.send-welcome';

describe.each(['sqlite', 'postgresql'] as const)('enqueuing a job on %s', (database) => {
  const conversation = new SqlConversation();
  let host: TestHost;
  let sut: JobsService;

  beforeEach(async () => {
    host = await createTestHost({ database, mikroOrm: conversation.mikroOrm });
    sut = host.get(JobsService);
    conversation.begin();
  });
  afterEach(async () => {
    await host.close();
  });

  const enqueue = (options: EnqueueOptions = {}, payload: unknown = {}) => host.run(() => sut.enqueue(TYPE, payload, options));
  const count = () => host.run(() => host.hostDatabase.systemJobs.count());

  describe('in a unit of work', () => {
    it('is part of the transaction: written at the commit, gone with a rollback', async () => {
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.enqueue(TYPE, {});
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect(await count()).toBe(0);
      await host.run(() => host.hostDatabase.transactional(() => sut.enqueue(TYPE, {})));
      expect(await count()).toBe(1);
    });

    it('loses with a savepoint only what was enqueued in it', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          await sut.enqueue(TYPE, 'outside');
          const part = em.transactional(async () => {
            await sut.enqueue(TYPE, 'inside');
            throw new Error('no');
          });
          await expect(part).rejects.toThrow('no');
          await em.transactional(() => sut.enqueue(TYPE, 'in another'));
        }),
      );
      expect((await host.jobs.enqueued(TYPE)).map(({ payload }) => payload)).toEqual(['outside', 'in another']);
    });

    it('says nothing in the transaction but the insert', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.enqueue(TYPE, {});
          await sut.enqueueMany('mail.send-digest', [{ payload: 1 }, { payload: 2, delayMs: 5 }]);
        }),
      );
      expect(conversation.said).toEqual(['begin', 'insert sys_jobs', 'insert sys_jobs', 'commit']);
    });

    it('needs no transaction of its own outside one', async () => {
      await enqueue();
      expect(conversation.said).toEqual(['insert sys_jobs']);
    });
  });

  it('returns the job as it was written', async () => {
    const tenantId = genId();
    const [actorUserId, options] = [genId(), { tenantId, priority: -3, maxAttempts: 7, uniqueKey: 'one', concurrencyKey: 'a' }];
    const job = await host
      .get(ContextService)
      .run({ actorUserId }, () => enqueue({ ...options, queue: 'mails' }, { at: new Date(0) }));
    expect(job).toMatchObject({
      ...options,
      jobType: TYPE,
      queue: 'mails',
      fairnessKey: tenantId,
      actorUserId,
      status: 'pending',
      payload: { at: '1970-01-01T00:00:00.000Z' },
      attempt: 0,
      createdAt: host.clock.now(),
      availableAt: null,
    });
    expect(await host.run(() => sut.getById(job.id))).toEqual(job);
  });

  it('writes many jobs of a type with one statement, and returns their ids in order', async () => {
    const items = Array.from({ length: 50 }, (_, index) => ({ payload: { index }, priority: index % 3 }));
    const ids = await host.run(() => sut.enqueueMany(TYPE, items));
    const jobs = new Map((await host.jobs.enqueued(TYPE)).map((job) => [job.id, job]));
    expect(ids.map((id) => jobs.get(id))).toMatchObject(items);
    expect(conversation.said.filter((statement) => statement.startsWith('insert'))).toHaveLength(1);
    expect(await host.run(() => sut.enqueueMany(TYPE, []))).toEqual([]);
  });

  describe('with a unique key', () => {
    it('returns the live job of that key, and the transaction goes on', async () => {
      const first = await enqueue({ uniqueKey: 'a' }, 'first');
      const second = await host.run(() =>
        host.hostDatabase.transactional(async () => {
          const job = await sut.enqueue(TYPE, 'second', { uniqueKey: 'a' });
          await sut.enqueue(TYPE, 'another');
          return job;
        }),
      );
      expect(second).toMatchObject({ id: first.id, payload: 'first' });
      expect((await host.jobs.enqueued()).map(({ payload }) => payload)).toEqual(['first', 'another']);
    });

    it('tells enqueueMany which were there, and which of its own are the same', async () => {
      const { id } = await enqueue({ uniqueKey: 'a' });
      const ids = await host.run(() =>
        sut.enqueueMany(TYPE, [
          { payload: 1, uniqueKey: 'a' },
          { payload: 2, uniqueKey: 'b' },
          { payload: 3 },
          { payload: 4, uniqueKey: 'b' },
        ]),
      );
      expect(ids[0]).toBe(id);
      expect(ids[3]).toBe(ids[1]);
      expect(new Set(ids).size).toBe(3);
      expect(await count()).toBe(3);
    });

    it('is per type and per tenant', async () => {
      const [tenantA, tenantB] = [genId(), genId()];
      const jobs = [
        await enqueue({ uniqueKey: 'a' }),
        await enqueue({ uniqueKey: 'a', tenantId: tenantA }),
        await enqueue({ uniqueKey: 'a', tenantId: tenantB }),
        await host.run(() => sut.enqueue('mail.send-digest', {}, { uniqueKey: 'a' })),
        await enqueue({ uniqueKey: 'a', tenantId: tenantB, queue: 'mails' }),
      ];
      expect(new Set(jobs.map(({ id }) => id)).size).toBe(4);
      expect(jobs[4]?.id).toBe(jobs[2]?.id);
    });

    it('is free again once the job has ended', async () => {
      const first = await enqueue({ uniqueKey: 'a' });
      await host.run(() => sut.cancel(first.id));
      expect((await enqueue({ uniqueKey: 'a' })).id).not.toBe(first.id);
    });

    it('is written once by fifty at the same time', async () => {
      const jobs = await Promise.all(Array.from({ length: 50 }, () => enqueue({ uniqueKey: 'a' })));
      expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
      expect(await count()).toBe(1);
    });
  });

  describe('for later', () => {
    it.each([
      ['delayMs', () => ({ delayMs: 60_000 })],
      ['runAt', () => ({ runAt: new Date(host.clock.now().getTime() + 60_000) })],
    ])('by %s, is scheduled until then', async (_, options) => {
      const availableAt = new Date(host.clock.now().getTime() + 60_000);
      const job = await enqueue(options());
      expect(job).toMatchObject({ status: 'scheduled', availableAt });
    });

    it('in the past, is pending at once', async () => {
      const past = new Date(host.clock.now().getTime() - 1);
      expect(await enqueue({ runAt: past })).toMatchObject({ status: 'pending' });
      expect(await enqueue({ delayMs: 0 })).toMatchObject({ status: 'pending' });
    });
  });

  describe('refuses, writing nothing,', () => {
    it.each(['', 'welcome', 'Mail.send', 'mail.send welcome', `mail.${'x'.repeat(130)}`])('the type %p', async (type) => {
      await expect(host.run(() => sut.enqueue(type, {}))).rejects.toBeInstanceOf(InvalidJobTypeError);
    });

    it.each<[string, EnqueueOptions, unknown]>([
      ['a malformed tenant', { tenantId: 'acme' }, InvalidIdError],
      ['a malformed queue', { queue: 'Mails' }, InvalidInputError],
      ['no attempt', { maxAttempts: 0 }, InvalidInputError],
      ['a priority that is no number', { priority: NaN }, InvalidInputError],
      ['two times', { delayMs: 1, runAt: new Date() }, InvalidInputError],
      ['no date', { runAt: new Date(NaN) }, InvalidInputError],
      ['an empty key', { uniqueKey: ' ' }, InvalidInputError],
    ])('%s', async (_, options, error) => {
      await expect(enqueue(options)).rejects.toBeInstanceOf(error);
      const many = host.run(() => sut.enqueueMany(TYPE, [{ payload: 1 }, { payload: 2, ...options }]));
      await expect(many).rejects.toBeInstanceOf(error);
      expect(conversation.said).toEqual([]);
    });

    it('nothing that only looks as if no database stored it', async () => {
      const payload = { emoji: '😀', escaped: '\\u0000 \\ud83d', path: 'C:\\\\ud83d' };
      const job = await enqueue({}, payload);
      expect((await host.run(() => sut.getById(job.id))).payload).toEqual(payload);
    });

    it('a payload that is not JSON', async () => {
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      for (const payload of [circular, 1n, undefined, () => 1, { text: 'a NUL: \0' }, 'half an emoji: \ud83d']) {
        await expect(host.run(() => sut.enqueue(TYPE, payload))).rejects.toBeInstanceOf(InvalidJobPayloadError);
      }
      expect(conversation.said).toEqual([]);
    });
  });
});

describe.each(['sqlite', 'postgresql'] as const)('a job that is not committed, on %s', (type) => {
  let scratch: ScratchDatabase;
  let module: TestingModule;
  let other: HostDatabase;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    const imports = [HostDatabaseModule.forRoot({ database: scratch.options, jobs: { worker: false } })];
    module = await (await Test.createTestingModule({ imports }).compile()).init();
    other = await HostDatabase.open({ database: scratch.options });
  });
  afterEach(async () => {
    await other.close();
    await module.close();
    await scratch.drop();
  });

  it('is invisible to others', async () => {
    const seen = () => other.run(() => other.systemJobs.count());
    const hostDatabase = module.get(HostDatabase);
    await hostDatabase.run(() =>
      hostDatabase.transactional(async () => {
        await module.get(JobsService).enqueue(TYPE, {});
        expect(await hostDatabase.systemJobs.count()).toBe(1);
        expect(await seen()).toBe(0);
      }),
    );
    expect(await seen()).toBe(1);
  });
});
