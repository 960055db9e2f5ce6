import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JobStoreFixture, newJob } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { JobStore } from './index.js';

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  describe('insert', () => {
    it('writes what the job is', async () => {
      const job = newJob({
        queue: 'mail',
        tenantId: genId(),
        actorUserId: genId(),
        priority: -7,
        payload: { to: 'ada@example.com' },
        maxAttempts: 3,
        uniqueKey: 'one',
        concurrencyKey: 'smtp',
        traceContext: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        createdAt: new Date('2029-12-31T23:59:59.999Z'),
      });
      expect(await fixture.transactional((em) => sut.insert(em, [job]))).toEqual([{ id: job.id, isNew: true }]);
      expect(await fixture.job(job.id)).toMatchObject({
        ...job,
        fairnessKey: job.tenantId,
        status: 'pending',
        attempt: 0,
        crashCount: 0,
        claimToken: 0,
        workerId: null,
        availableAt: null,
        startedAt: null,
        completedAt: null,
        output: null,
        progress: null,
        errorLog: null,
      });
    });

    it.each([
      ['null', null],
      ['a text', 'ü € 🦆 "quoted" \\ \n'],
      ['an empty text', ''],
      ['the text null', 'null'],
      ['a number', 1.5],
      ['zero', 0],
      ['false', false],
      ['an array', [1, [null, 'a'], {}]],
      ['an object', { nested: { list: [true, null], text: "it's ?" }, $1: '$2', '?': '??' }],
    ])('gives back %s as the payload', async (_, payload) => {
      const [id = ''] = await fixture.add({ payload });
      expect((await fixture.job(id)).payload).toEqual(payload);
      expect(await fixture.claimOne()).toMatchObject({ id, payload });
    });

    it('keeps the order of a large batch', async () => {
      const jobs = Array.from({ length: 2_000 }, (_, index) => newJob({ payload: index }));
      const inserted = await fixture.transactional((em) => sut.insert(em, jobs));
      expect(inserted).toEqual(jobs.map(({ id }) => ({ id, isNew: true })));
      expect((await fixture.claim(2_000)).map(({ payload }) => payload)).toEqual(jobs.map(({ payload }) => payload));
    });

    it('writes nothing for nothing', async () => {
      expect(await fixture.transactional((em) => sut.insert(em, []))).toEqual([]);
    });

    it("is part of the caller's transaction", async () => {
      const work = fixture.transactional(async (em) => {
        await sut.insert(em, [newJob()]);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await fixture.jobs()).toEqual([]);
    });

    it('schedules what is due later, and nothing else', async () => {
      const now = fixture.clock.now();
      const at = (ms: number) => new Date(now.getTime() + ms);
      const ids = await fixture.add(
        { delayMs: 1_500 },
        { runAt: at(60_000) },
        { runAt: at(60_000), delayMs: 1 },
        { delayMs: 0 },
        { delayMs: -5 },
        { runAt: now },
        { runAt: at(-60_000) },
      );
      const jobs = await Promise.all(ids.map((id) => fixture.job(id)));
      expect(jobs.map(({ status, availableAt }) => [status, availableAt])).toEqual([
        ['scheduled', at(1_500)],
        ['scheduled', at(60_000)],
        ['scheduled', at(60_000)],
        ['pending', null],
        ['pending', null],
        ['pending', null],
        ['pending', null],
      ]);
    });
  });

  describe('insert with a unique key', () => {
    const keyed = (overrides = {}) => newJob({ uniqueKey: 'report:1', ...overrides });

    it('returns the live job, and the transaction of the caller goes on', async () => {
      const [first = ''] = await fixture.add(keyed());
      const other = newJob();
      const results = await fixture.transactional(async (em) => {
        const twin = await sut.insert(em, [keyed()]);
        return [...twin, ...(await sut.insert(em, [other]))];
      });
      expect(results).toEqual([
        { id: first, isNew: false },
        { id: other.id, isNew: true },
      ]);
      expect(await fixture.jobs()).toHaveLength(2);
    });

    it('writes one of two in the same batch, beside others', async () => {
      const [a, b, c] = [keyed(), newJob(), keyed()];
      expect(await fixture.transactional((em) => sut.insert(em, [a, b, c]))).toEqual([
        { id: a.id, isNew: true },
        { id: b.id, isNew: true },
        { id: a.id, isNew: false },
      ]);
      expect(await fixture.jobs()).toHaveLength(2);
    });

    it.each(['', 'ü € 🦆', 'a"b\\c', "it's ? $1", '[1,"x"]'])('takes any text for a key: %p', async (uniqueKey) => {
      const [first] = await fixture.add({ uniqueKey });
      expect(await fixture.add({ uniqueKey })).toEqual([first]);
    });

    it('tells types and tenants apart', async () => {
      const tenantId = genId();
      const ids = await fixture.add(
        keyed(),
        keyed({ tenantId }),
        keyed({ tenantId: genId() }),
        keyed({ jobType: 'store.do-other' }),
        keyed({ uniqueKey: 'report:2' }),
      );
      expect(new Set(ids).size).toBe(5);
      expect(await fixture.add(keyed({ tenantId, queue: 'another', priority: 5 }))).toEqual([ids[1]]);
    });

    it('stands in the way in every live status', async () => {
      for (const status of ['scheduled', 'pending', 'blocked', 'parked', 'running']) {
        await fixture.clear();
        const [first] = await fixture.add(keyed());
        await fixture.execute('update sys_jobs set status = ?', [status]);
        expect(await fixture.add(keyed())).toEqual([first]);
      }
    });

    it('is free again once its job has ended', async () => {
      const [first] = await fixture.add(keyed());
      await sut.settle([{ ...(await fixture.claimOne()), status: 'completed' }]);
      const [second = ''] = await fixture.add(keyed());
      await sut.settle([{ ...(await fixture.claimOne()), status: 'failed' }]);
      const [third = ''] = await fixture.add(keyed());
      await fixture.transactional((em) => sut.cancel(em, [third]));
      const [fourth] = await fixture.add(keyed());
      expect(new Set([first, second, third, fourth]).size).toBe(4);
    });

    it('lets one of 50 at the same time through', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => fixture.transactional((em) => sut.insert(em, [keyed()]))),
      );
      const inserted = results.flat();
      expect(inserted.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(new Set(inserted.map(({ id }) => id)).size).toBe(1);
      expect(await fixture.jobs()).toHaveLength(1);
    });

    it('takes batches in opposite orders at the same time', async () => {
      const keys = Array.from({ length: 500 }, (_, index) => `key ${index}`);
      const insert = (some: readonly string[]) =>
        fixture.transactional((em) =>
          sut.insert(
            em,
            some.map((uniqueKey) => newJob({ uniqueKey })),
          ),
        );
      await Promise.all(Array.from({ length: 8 }, (_, index) => insert(index % 2 === 0 ? keys : keys.toReversed())));
      expect(await fixture.jobs()).toHaveLength(keys.length);
    });
  });
});
