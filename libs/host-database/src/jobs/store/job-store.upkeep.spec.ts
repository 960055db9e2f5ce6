import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JOB_TYPE, JobStoreFixture, QUEUE } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { JobStore, type RedriveFilter } from './index.js';

const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const at = (ms: number) => new Date(fixture.clock.now().getTime() + ms);
  const statuses = async () => (await fixture.jobs()).map(({ status }) => status);
  const setStatus = (status: string, ids: readonly (string | undefined)[]) =>
    Promise.all(ids.map((id) => fixture.execute('update sys_jobs set status = ? where id = ?', [status, id])));
  const cancel = (ids: readonly string[]) => fixture.transactional((em) => sut.cancel(em, ids));
  const redrive = (filter: RedriveFilter = {}, limit = 100) => fixture.transactional((em) => sut.redrive(em, filter, limit));

  describe('promote', () => {
    it('makes pending what is due, and tells when the next one is', async () => {
      await fixture.add({ delayMs: 1_000 }, { delayMs: 2_000, queue: 'mail' }, { delayMs: 2_001 }, {});
      expect(await sut.promote(100)).toEqual({ queues: [], nextDueMs: 1_000 });
      fixture.clock.advance(2_000);
      const { queues, nextDueMs } = await sut.promote(100);
      expect([queues.toSorted(), nextDueMs]).toEqual([[QUEUE, 'mail'], 1]);
      expect(await statuses()).toEqual(['pending', 'pending', 'scheduled', 'pending']);
      fixture.clock.advance(1);
      expect(await sut.promote(100)).toEqual({ queues: [QUEUE], nextDueMs: undefined });
    });

    it('takes so many at a time, those first that were due first', async () => {
      await fixture.add({ delayMs: 3_000 }, { delayMs: 1_000 }, { delayMs: 2_000 });
      fixture.clock.advance(10_000);
      expect(await sut.promote(2)).toEqual({ queues: [QUEUE], nextDueMs: -7_000 });
      expect(await statuses()).toEqual(['scheduled', 'pending', 'pending']);
    });

    it('promotes a job once, whoever tries at the same time', async () => {
      await fixture.add(...Array.from({ length: 50 }, () => ({ delayMs: 1_000 })));
      fixture.clock.advance(1_000);
      const stores = Array.from({ length: 4 }, () => fixture.connect());
      await Promise.all(stores.map((store) => store.promote(20)));
      expect(new Set(await statuses())).toEqual(new Set(['pending']));
    });
  });

  describe('park and unpark', () => {
    it('parks what no live worker has a handler for, and takes it back', async () => {
      await fixture.register([JOB_TYPE], [QUEUE, 'mail']);
      const ids = await fixture.add(
        {},
        { queue: 'mail' },
        { queue: 'other' },
        { jobType: 'store.do-other' },
        { jobType: 'store.x', delayMs: 9 },
      );
      expect(await sut.park(1_000)).toBe(0);
      fixture.clock.advance(1_001);
      expect(await sut.park(1_000)).toBe(2);
      expect(await statuses()).toEqual(['pending', 'pending', 'parked', 'parked', 'scheduled']);
      expect((await fixture.job(ids[3] ?? '')).errorLog).toBe(
        'No live worker of the queue default has a handler for store.do-other.',
      );

      expect(await sut.unpark(['store.nothing'])).toEqual([]);
      expect(await sut.unpark([JOB_TYPE, 'store.x'])).toEqual(['other']);
      expect(await sut.unpark(['store.do-other'])).toEqual([QUEUE]);
      expect(await statuses()).toEqual(['pending', 'pending', 'pending', 'pending', 'scheduled']);
    });

    it('counts from the time at which a job was ready', async () => {
      await fixture.add({ delayMs: 10_000 }, {}, {}, {});
      const [released, crashed, failed] = await fixture.claim(3);
      fixture.clock.advance(10_000);
      await sut.promote(10);
      await sut.settle([
        { ...released!, status: 'pending' },
        { ...failed!, status: 'failed' },
      ]);
      await sut.rescue({ deadAfterMs: 1, maxCrashes: 9 });
      await redrive();
      expect(crashed).toBeDefined();
      fixture.clock.advance(1_000);
      expect(await statuses()).toEqual(['pending', 'pending', 'pending', 'pending']);
      expect(await sut.park(1_000)).toBe(0);
      fixture.clock.advance(1);
      expect(await sut.park(1_000)).toBe(4);
    });
  });

  describe('cancel', () => {
    it('cancels live jobs and returns them, and leaves the others alone', async () => {
      const tenantId = genId();
      const ids = await fixture.add({}, { tenantId, concurrencyKey: 'k', queue: 'mail' }, { delayMs: 9_000 }, {}, {}, {}, {}, {});
      await setStatus('running', [ids[1]]);
      await setStatus('blocked', [ids[3]]);
      await setStatus('parked', [ids[4]]);
      await setStatus('completed', [ids[5]]);
      await setStatus('failed', [ids[6]]);
      const facts = { queue: QUEUE, fairnessKey: '', concurrencyKey: null, wasRunning: false };
      const cancelled = await cancel([...ids.slice(0, 7), genId()]);
      expect(cancelled.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
        { ...facts, id: ids[0] },
        { id: ids[1], queue: 'mail', fairnessKey: tenantId, concurrencyKey: 'k', wasRunning: true },
        { ...facts, id: ids[2] },
        { ...facts, id: ids[3] },
        { ...facts, id: ids[4] },
      ]);
      expect(await statuses()).toEqual([...Array<string>(5).fill('cancelled'), 'completed', 'failed', 'pending']);
      expect(await fixture.job(ids[2] ?? '')).toMatchObject({ completedAt: fixture.clock.now(), availableAt: null });
      expect(await cancel(ids.slice(0, 7))).toEqual([]);
      expect(await cancel([])).toEqual([]);
    });

    it("is part of the caller's transaction", async () => {
      const [id = ''] = await fixture.add({});
      const work = fixture.transactional(async (em) => {
        await sut.cancel(em, [id]);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await statuses()).toEqual(['pending']);
    });
  });

  describe('redrive', () => {
    const addFailed = async (...jobs: Parameters<JobStoreFixture['add']>) => {
      const ids: string[] = [];
      // One after the other, so that several may have the same unique key.
      for (const job of jobs) {
        const [id = ''] = await fixture.add(job);
        await setStatus('failed', [id]);
        ids.push(id);
      }
      return ids;
    };
    const pending = async () => (await fixture.jobs()).filter(({ status }) => status === 'pending').map(({ id }) => id);

    it('gives a dead letter all its attempts again', async () => {
      const [id = ''] = await fixture.add({ maxAttempts: 1 });
      await sut.settle([{ ...(await fixture.claimOne()), status: 'failed', error: 'no' }]);
      expect(await redrive()).toEqual([QUEUE]);
      expect(await fixture.job(id)).toMatchObject({
        status: 'pending',
        attempt: 0,
        crashCount: 0,
        claimToken: 1,
        completedAt: null,
        errorLog: 'no',
      });
      expect(await fixture.claimOne()).toMatchObject({ id, attempt: 1, claimToken: 2 });
    });

    it('takes the oldest first, and so many', async () => {
      const ids = await addFailed({}, { queue: 'mail' }, {});
      await fixture.add({});
      expect((await redrive({}, 2)).toSorted()).toEqual([QUEUE, 'mail']);
      expect((await fixture.job(ids[2] ?? '')).status).toBe('failed');
    });

    it('takes those that it is asked for', async () => {
      const tenantId = genId();
      const [a, b, c, d] = await addFailed({ queue: 'mail' }, { jobType: 'store.do-other' }, { tenantId }, {});
      const [completed = ''] = await fixture.add({});
      await setStatus('completed', [completed]);
      for (const [filter, expected] of [
        [{ queue: 'mail' }, [a]],
        [{ jobType: 'store.do-other' }, [b]],
        [{ tenantId }, [c]],
        [{ ids: [d ?? '', completed, genId()] }, [d]],
        [{ ids: [] }, []],
        [{ queue: 'mail', tenantId }, []],
      ] as const) {
        expect(await redrive(filter)).toHaveLength(expected.length);
        expect(await pending()).toEqual(expected);
        await fixture.execute("update sys_jobs set status = 'failed' where status = 'pending'");
      }
    });

    it('leaves those alone whose unique key a live job has', async () => {
      const [, other] = await addFailed({ uniqueKey: 'k' }, { uniqueKey: 'k', tenantId: genId() });
      const [live = ''] = await fixture.add({ uniqueKey: 'k' });
      expect(await redrive()).toEqual([QUEUE]);
      expect(await pending()).toEqual([other, live]);
      await setStatus('completed', [live]);
      expect(await redrive()).toEqual([QUEUE]);
    });

    it('takes one of several with the same unique key: the oldest of those that it is asked for', async () => {
      const ids = await addFailed({ uniqueKey: 'k' }, { uniqueKey: 'k' }, { uniqueKey: 'k' });
      expect(await redrive({ ids: ids.slice(1) })).toEqual([QUEUE]);
      expect(await pending()).toEqual([ids[1]]);
      expect(await redrive()).toEqual([]);
    });
  });

  describe('purge', () => {
    /** Finished a day apart, the first the oldest. */
    const addFinished = async (list: readonly string[]) => {
      const ids = await fixture.add(...list.map(() => ({})));
      for (const [index, status] of list.entries()) {
        await fixture.execute('update sys_jobs set status = ?, completed_at = ? where id = ?', [
          status,
          at((index - list.length) * DAY_MS + 1),
          ids[index],
        ]);
      }
      return ids;
    };
    const purge = (rest: object = {}) =>
      sut.purge({ statuses: ['completed'], olderThanMs: DAY_MS, batchSize: 100, after: undefined, ...rest });

    it('deletes what ended so long ago, by the time it ended', async () => {
      const ids = await addFinished(['completed', 'failed', 'cancelled', 'completed', 'completed']);
      expect(await purge({ olderThanMs: DAY_MS * 2 - 1 })).toEqual({ deleted: 1, last: ids[4] });
      expect(await purge({ olderThanMs: DAY_MS * 2 - 2 })).toEqual({ deleted: 1, last: ids[4] });
      expect(await purge({ statuses: ['failed', 'cancelled'], olderThanMs: 0 })).toEqual({ deleted: 2, last: ids[4] });
      expect(await fixture.jobs()).toMatchObject([{ id: ids[4] }]);
    });

    it('never deletes a live job, however old', async () => {
      await addFinished(['pending', 'scheduled', 'running', 'blocked', 'parked']);
      expect(await purge({ statuses: ['completed', 'failed', 'cancelled'], olderThanMs: 0 })).toMatchObject({ deleted: 0 });
      expect(await fixture.jobs()).toHaveLength(5);
    });

    it('goes on where the batch before has ended', async () => {
      const ids = await addFinished(['completed', 'pending', 'completed', 'failed', 'completed']);
      const first = await purge({ batchSize: 2, olderThanMs: 0 });
      expect(first).toEqual({ deleted: 1, last: ids[1] });
      const second = await purge({ batchSize: 2, olderThanMs: 0, after: first.last });
      expect(second).toEqual({ deleted: 1, last: ids[3] });
      const third = await purge({ batchSize: 2, olderThanMs: 0, after: second.last });
      expect(third).toEqual({ deleted: 1, last: ids[4] });
      expect(await purge({ batchSize: 2, olderThanMs: 0, after: third.last })).toEqual({ deleted: 0, last: undefined });
    });

    it('does not look at jobs that are too young to have ended so long ago', async () => {
      await addFinished(['completed']);
      const { createdAt } = (await fixture.jobs())[0]!;
      const yearsMs = fixture.clock.now().getTime() - new Date('2020-01-01').getTime();
      expect(await purge({ olderThanMs: yearsMs })).toEqual({ deleted: 0, last: undefined });
      expect(await purge({ olderThanMs: fixture.clock.now().getTime() + 1_000 })).toEqual({ deleted: 0, last: undefined });
      expect(createdAt).toBeInstanceOf(Date);
    });
  });

  describe('statistics', () => {
    it('counts live and failed jobs by queue, and tells how long the oldest has been ready', async () => {
      const ids = await fixture.add({}, {}, { delayMs: 60_000 }, {}, {}, {}, {}, { queue: 'mail' }, { queue: 'a' });
      const now = fixture.clock.now();
      await fixture.execute('update sys_jobs set created_at = ?', [at(-5_000)]);
      await setStatus('running', [ids[1]]);
      await setStatus('blocked', [ids[3]]);
      await setStatus('parked', [ids[4]]);
      await setStatus('failed', [ids[5]]);
      await setStatus('completed', [ids[6]]);
      await setStatus('failed', [ids[8]]);
      const workerId = await fixture.register();
      await fixture.execute('update sys_jobs set worker_id = ? where id = ?', [workerId, ids[1]]);
      fixture.clock.advance(2_000);
      const none = { pending: 0, scheduled: 0, running: 0, blocked: 0, parked: 0, failed: 0, oldestPendingAgeMs: undefined };
      const { queues, workers } = await sut.statistics();
      expect(queues).toEqual([
        { ...none, queue: 'a', failed: 1 },
        { queue: QUEUE, pending: 1, scheduled: 1, running: 1, blocked: 1, parked: 1, failed: 1, oldestPendingAgeMs: 7_000 },
        { ...none, queue: 'mail', pending: 1, oldestPendingAgeMs: 7_000 },
      ]);
      expect(workers).toEqual([
        { id: workerId, host: 'host', pid: 1, queues: [QUEUE], startedAt: now, lastBeatAgeMs: 2_000, running: 1 },
      ]);
    });

    it('counts the age of a job that was scheduled from when it was due', async () => {
      await fixture.add({ delayMs: DAY_MS });
      fixture.clock.advance(DAY_MS + 3_000);
      await sut.promote(10);
      expect((await sut.statistics()).queues).toMatchObject([{ pending: 1, oldestPendingAgeMs: 3_000 }]);
    });

    it('is empty where there is nothing', async () => {
      expect(await sut.statistics()).toMatchObject({ queues: [], workers: [] });
    });
  });
});
