import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimRequest, JOB_TYPE, JobStoreFixture, QUEUE } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { type ClaimedJob, JobStore } from './index.js';

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const idsOf = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id);

  describe('claim', () => {
    it('hands out a job with all that a worker needs, and marks it', async () => {
      const tenantId = genId();
      const job = {
        tenantId,
        actorUserId: genId(),
        priority: 4,
        payload: { a: 1 },
        maxAttempts: 5,
        concurrencyKey: 'smtp',
        traceContext: 'trace',
      };
      const [id = ''] = await fixture.add(job);
      const workerId = genId();
      expect(await sut.claim(claimRequest({ workerId, shares: [{ fairnessKey: tenantId, count: 1 }] }))).toEqual({
        jobs: [{ ...job, id, jobType: JOB_TYPE, queue: QUEUE, fairnessKey: tenantId, claimToken: 1, attempt: 1, crashCount: 0 }],
        heldCount: 0,
      });
      expect(await fixture.job(id)).toMatchObject({
        status: 'running',
        claimToken: 1,
        attempt: 1,
        workerId,
        startedAt: fixture.clock.now(),
        availableAt: null,
        completedAt: null,
      });
    });

    it('takes the smaller priority first, then the older job', async () => {
      const [a, b, c, d, e] = await fixture.add(
        { priority: 1 },
        { priority: 0 },
        { priority: -2_147_483_648 },
        { priority: 2_147_483_647 },
        { priority: 0 },
      );
      expect(idsOf(await fixture.claim(2))).toEqual([c, b]);
      expect(idsOf(await fixture.claim(10))).toEqual([e, a, d]);
    });

    it('takes no more than was asked for', async () => {
      await fixture.add(...Array.from({ length: 30 }, () => ({})));
      for (const count of [0, 1, 7, 22]) expect(await fixture.claim(count)).toHaveLength(count);
      expect(await fixture.claim(5)).toEqual([]);
    });

    it('gives each tenant its share, tenant by tenant in the order of the shares', async () => {
      const [a, b, none] = [genId(), genId(), genId()];
      const add = (tenantId: string, priority: number) => fixture.add({ tenantId, priority });
      await add(a, 5);
      const [a2] = await add(a, 1);
      const [b1] = await add(b, 3);
      const [b2] = await add(b, 4);
      const [free] = await fixture.add({});
      const shares = [
        { fairnessKey: b, count: 5 },
        { fairnessKey: none, count: 3 },
        { fairnessKey: '', count: 1 },
        { fairnessKey: a, count: 1 },
      ];
      expect(idsOf((await sut.claim(claimRequest({ shares }))).jobs)).toEqual([b1, b2, free, a2]);
    });

    it('leaves alone what is of another queue, tenant or type, or not ready', async () => {
      await fixture.add({ queue: 'other' }, { tenantId: genId() }, { jobType: 'store.do-other' }, { delayMs: 60_000 });
      const ids = await fixture.add({}, {}, {}, {}, {});
      for (const [index, status] of ['blocked', 'parked', 'completed', 'failed', 'cancelled'].entries()) {
        await fixture.execute('update sys_jobs set status = ? where id = ?', [status, ids[index]]);
      }
      expect(await fixture.claim(100)).toEqual([]);
      expect((await fixture.jobs()).filter(({ claimToken }) => claimToken > 0)).toEqual([]);
    });

    it('reaches jobs behind those of types that it has no handler for', async () => {
      await fixture.add(...Array.from({ length: 20 }, () => ({ jobType: 'store.do-other' })));
      const [id] = await fixture.add({});
      expect(idsOf(await fixture.claim(1))).toEqual([id]);
      expect(idsOf(await fixture.claim(1, { jobTypes: [] }))).toEqual([]);
    });

    it('goes on behind the job where the last claim has ended', async () => {
      const ids = await fixture.add({ priority: 0 }, { priority: 0 }, { priority: 1 }, { priority: -1 });
      const after = { priority: 0, id: ids[0] ?? '' };
      const { jobs } = await sut.claim(claimRequest({ shares: [{ fairnessKey: '', count: 10, after }] }));
      expect(idsOf(jobs)).toEqual([ids[1], ids[2]]);
      expect(idsOf(await fixture.claim(10))).toEqual([ids[3], ids[0]]);
    });

    it('counts claims and attempts', async () => {
      await fixture.add({});
      const first = await fixture.claimOne();
      await sut.settle([{ ...first, status: 'pending', isRefunded: true }]);
      const second = await fixture.claimOne();
      await sut.settle([{ ...second, status: 'pending' }]);
      const third = await fixture.claimOne();
      expect([first, second, third].map(({ attempt, claimToken }) => [attempt, claimToken])).toEqual([
        [1, 1],
        [1, 2],
        [2, 3],
      ]);
    });

    it('completes what has ended in the same statement, as long as its claim holds', async () => {
      await fixture.add({}, {}, {}, {}, {});
      const [held, cancelled, reclaimed] = (await fixture.claim(3)) as [ClaimedJob, ClaimedJob, ClaimedJob];
      await fixture.transactional((em) => sut.cancel(em, [cancelled.id]));
      await sut.settle([{ ...reclaimed, status: 'pending' }]);
      await fixture.claim(1);
      fixture.clock.advance(1_000);

      const gone = { id: genId(), claimToken: 1 };
      const result = await sut.claim(
        claimRequest({ shares: [{ fairnessKey: '', count: 1 }], completed: [held, cancelled, reclaimed, gone] }),
      );
      expect(result).toMatchObject({ heldCount: 1, jobs: [expect.anything()] });
      expect(await fixture.job(held.id)).toMatchObject({ status: 'completed', completedAt: fixture.clock.now() });
      expect((await fixture.job(cancelled.id)).status).toBe('cancelled');
      expect(await fixture.job(reclaimed.id)).toMatchObject({ status: 'running', claimToken: 2, completedAt: null });
    });

    it('says how many held where there is nothing to claim', async () => {
      await fixture.add({}, {});
      const jobs = await fixture.claim(2);
      expect(await sut.claim(claimRequest({ shares: [], completed: jobs }))).toEqual({ jobs: [], heldCount: 2 });
      expect(await sut.claim(claimRequest({ completed: jobs }))).toEqual({ jobs: [], heldCount: 0 });
    });

    it('takes a thousand at once and completes them with the next', async () => {
      await fixture.add(...Array.from({ length: 1_200 }, () => ({})));
      const completed = await fixture.claim(1_000);
      const next = await sut.claim(claimRequest({ shares: [{ fairnessKey: '', count: 1_000 }], completed }));
      expect([completed.length, next.jobs.length, next.heldCount]).toEqual([1_000, 200, 1_000]);
    });

    it('hands out no job twice, whoever claims at the same time', async () => {
      const tenants = ['', genId(), genId()];
      const ids = await fixture.add(...Array.from({ length: 600 }, (_, index) => ({ tenantId: tenants[index % 3] || null })));
      const workers = Array.from({ length: 6 }, () => ({ store: fixture.connect(), workerId: genId() }));
      const drain = async ({ store, workerId }: (typeof workers)[number]) => {
        const mine: ClaimedJob[] = [];
        const shares = tenants.map((fairnessKey) => ({ fairnessKey, count: 3 }));
        for (let completed: readonly ClaimedJob[] = []; ;) {
          const { jobs, heldCount } = await store.claim(claimRequest({ workerId, shares, completed }));
          expect(heldCount).toBe(completed.length);
          mine.push(...jobs);
          if (jobs.length === 0) return mine;
          completed = jobs;
        }
      };
      const claimed = (await Promise.all(workers.map(drain))).flat();
      expect(idsOf(claimed).toSorted()).toEqual(ids.toSorted());
      expect(claimed.every(({ claimToken }) => claimToken === 1)).toBe(true);
    });
  });

  describe('findReadyTenants', () => {
    it('lists those with ready jobs in the order of their keys, page by page', async () => {
      const tenants = Array.from({ length: 5 }, () => genId());
      for (const tenantId of tenants.toReversed())
        await fixture.add({ tenantId }, { tenantId }, { tenantId, jobType: 'store.do-other' });
      await fixture.add({}, { tenantId: genId(), delayMs: 60_000 }, { tenantId: genId(), queue: 'other' });
      const all = ['', ...tenants];
      expect(await sut.findReadyTenants(QUEUE, undefined, 100)).toEqual(all);
      expect(await sut.findReadyTenants(QUEUE, undefined, 2)).toEqual(all.slice(0, 2));
      expect(await sut.findReadyTenants(QUEUE, '', 3)).toEqual(all.slice(1, 4));
      expect(await sut.findReadyTenants(QUEUE, all[3], 100)).toEqual(all.slice(4));
      expect(await sut.findReadyTenants(QUEUE, all.at(-1), 100)).toEqual([]);
      expect(await sut.findReadyTenants('empty', undefined, 100)).toEqual([]);
    });
  });
});
