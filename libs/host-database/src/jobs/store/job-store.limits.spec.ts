import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimRequest, JobStoreFixture, QUEUE } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { type ClaimedJob, JobStore, type LimitedClaimRequest, type QueueLimits, type TenantRoom } from './index.js';

/** One job for each tenant in turn. */
function inTurns(tenants: readonly TenantRoom[], count: number) {
  const counts = tenants.map(() => 0);
  for (let left = count; left > 0;) {
    const before = left;
    for (const [index, { room }] of tenants.entries()) {
      if (left === 0 || counts[index]! >= room) continue;
      counts[index]!++;
      left--;
    }
    if (left === before) break;
  }
  return tenants.map(({ fairnessKey }, index) => ({ fairnessKey, count: counts[index]! })).filter((share) => share.count > 0);
}

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const requestOf = (limits: QueueLimits, count = 100, rest: Partial<LimitedClaimRequest> = {}): LimitedClaimRequest => {
    const { shares: _, completed: __, ...base } = claimRequest();
    return { ...base, limits, count, shareOut: inTurns, after: undefined, ...rest };
  };
  const claim = async (limits: QueueLimits, count?: number, rest?: Partial<LimitedClaimRequest>) =>
    (await sut.claimWithin(requestOf(limits, count, rest))).jobs;
  const idsOf = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id);
  const complete = (jobs: readonly ClaimedJob[]) => sut.settle(jobs.map((job) => ({ ...job, status: 'completed' })));
  const many = (count: number, job = {}) => Array.from({ length: count }, () => job);
  const blockedIds = async () => idsOf((await fixture.jobs()).filter(({ status }) => status === 'blocked'));

  describe('claimWithin', () => {
    it('hands out the same as a claim without limits', async () => {
      const tenantId = genId();
      const ids = await fixture.add(
        { priority: 2, tenantId },
        { priority: 1, tenantId },
        { payload: ['x'] },
        { jobType: 'store.other' },
      );
      const jobs = await claim({ maxRunning: 10 });
      expect(idsOf(jobs)).toEqual([ids[2], ids[1], ids[0]]);
      expect(jobs[0]).toMatchObject({ payload: ['x'], attempt: 1, claimToken: 1, queue: QUEUE, fairnessKey: '' });
      expect(await fixture.job(ids[1] ?? '')).toMatchObject({
        status: 'running',
        workerId: 'worker',
        startedAt: fixture.clock.now(),
      });
      expect(await claim({ maxRunning: 10 })).toEqual([]);
    });

    it('keeps to the cap of the queue', async () => {
      await fixture.add(...many(6), ...many(6, { queue: 'other' }));
      await fixture.claim(5, { queue: 'other' });
      const first = await claim({ maxRunning: 3 });
      expect([first.length, (await claim({ maxRunning: 3 })).length]).toEqual([3, 0]);
      await complete(first.slice(0, 2));
      expect(await claim({ maxRunning: 3 })).toHaveLength(2);
      expect(await claim({ maxRunning: 2 })).toHaveLength(0);
    });

    it('keeps to the cap of each tenant, and to what is wanted', async () => {
      const [a, b] = [genId(), genId()];
      await fixture.add(...many(5, { tenantId: a }), ...many(5, { tenantId: b }), ...many(1));
      const countsOf = (jobs: readonly ClaimedJob[]) =>
        ['', a, b].map((key) => jobs.filter((job) => job.fairnessKey === key).length);
      const first = await claim({ maxRunningPerTenant: 2 });
      expect(countsOf(first)).toEqual([1, 2, 2]);
      await complete(first.filter(({ fairnessKey }) => fairnessKey === b));
      expect(countsOf(await claim({ maxRunningPerTenant: 2 }, 1))).toEqual([0, 0, 1]);
    });

    it('looks first at the tenants after one, and then at the others', async () => {
      const tenants = [genId(), genId(), genId()];
      for (const tenantId of tenants) await fixture.add(...many(2, { tenantId }));
      const jobs = await claim({ maxRunning: 5 }, 5, { after: tenants[1] });
      expect(jobs.map(({ fairnessKey }) => tenants.indexOf(fairnessKey))).toEqual([2, 2, 0, 0, 1]);
    });

    it('blocks what its concurrency key has no room for, and goes on with the next', async () => {
      const ids = await fixture.add(
        ...many(3, { concurrencyKey: 'k' }),
        { concurrencyKey: 'other' },
        {},
        { concurrencyKey: 'k', tenantId: genId() },
      );
      expect(idsOf(await claim({ maxRunningPerKey: 1 }))).toEqual([ids[0], ids[3], ids[4], ids[5]]);
      expect(await blockedIds()).toEqual([ids[1], ids[2]]);
      expect(await claim({ maxRunningPerKey: 1 })).toEqual([]);
    });

    it('counts keys over claims', async () => {
      await fixture.add(...many(5, { concurrencyKey: 'k' }));
      expect(await claim({ maxRunningPerKey: 2 }, 1)).toHaveLength(1);
      expect(await claim({ maxRunningPerKey: 2 })).toHaveLength(1);
      expect(await blockedIds()).toHaveLength(3);
    });

    it('never lets more run than the caps allow, whoever claims at the same time', async () => {
      const limits = { maxRunning: 7, maxRunningPerTenant: 4, maxRunningPerKey: 2 };
      const tenants = [genId(), genId()];
      const jobs = Array.from({ length: 120 }, (_, index) => ({
        tenantId: tenants[index % 2] ?? null,
        concurrencyKey: `key ${index % 6}`,
      }));
      await fixture.add(...jobs);
      const stores = Array.from({ length: 4 }, () => fixture.connect());
      const running = new Map<string, ClaimedJob>();
      const done = new Set<string>();
      const most = (key: (job: ClaimedJob) => string) => {
        const counts = new Map<string, number>();
        for (const job of running.values()) counts.set(key(job), (counts.get(key(job)) ?? 0) + 1);
        return Math.max(0, ...counts.values());
      };
      await Promise.all(
        stores.map(async (store) => {
          for (let turn = 0; turn < 400 && done.size < jobs.length; turn++) {
            const claimed = (await store.claimWithin(requestOf(limits, 3))).jobs;
            for (const job of claimed) running.set(job.id, job);
            expect(running.size).toBeLessThanOrEqual(limits.maxRunning);
            expect(most(({ fairnessKey }) => fairnessKey)).toBeLessThanOrEqual(limits.maxRunningPerTenant);
            expect(most(({ fairnessKey, concurrencyKey }) => `${fairnessKey}${concurrencyKey}`)).toBeLessThanOrEqual(
              limits.maxRunningPerKey,
            );
            // They run for a while, in which others claim.
            for (let wait = 0; wait < 3; wait++) await store.findLost(claimed);
            for (const { id } of claimed) running.delete(id);
            await store.settle(claimed.map((job) => ({ ...job, status: 'completed' })));
            for (const { id } of claimed) done.add(id);
            const freed = claimed.map(({ fairnessKey, concurrencyKey }) => ({
              fairnessKey,
              concurrencyKey: concurrencyKey ?? '',
            }));
            await store.unblock(QUEUE, freed);
            if (claimed.length === 0) await store.unblockIdle();
          }
        }),
      );
      expect(done.size).toBe(jobs.length);
      expect((await fixture.jobs()).every(({ status, claimToken }) => status === 'completed' && claimToken === 1)).toBe(true);
    });
  });

  describe('claimWithin a rate limit', () => {
    const rate = (limit: number, periodMs: number, perTenant = false): QueueLimits => ({
      rateLimit: { limit, periodMs, perTenant },
    });

    it('lets so many begin at once, and the others as time goes by', async () => {
      await fixture.add(...many(10));
      const limits = rate(3, 3_000);
      expect(await sut.claimWithin(requestOf(limits))).toMatchObject({ jobs: { length: 3 }, retryAfterMs: undefined });
      expect(await sut.claimWithin(requestOf(limits))).toEqual({ jobs: [], retryAfterMs: 1_000, mayHaveMore: false });
      fixture.clock.advance(400);
      expect(await sut.claimWithin(requestOf(limits))).toEqual({ jobs: [], retryAfterMs: 600, mayHaveMore: false });
      fixture.clock.advance(600);
      expect(await sut.claimWithin(requestOf(limits))).toMatchObject({ jobs: { length: 1 } });
      fixture.clock.advance(60_000);
      expect(await sut.claimWithin(requestOf(limits))).toMatchObject({ jobs: { length: 3 } });
    });

    it('says nothing of when where there was nothing to hold back', async () => {
      await fixture.add({});
      const limits = rate(1, 1_000);
      expect(await sut.claimWithin(requestOf(limits))).toMatchObject({ jobs: { length: 1 }, retryAfterMs: undefined });
      expect(await sut.claimWithin(requestOf(limits))).toEqual({ jobs: [], retryAfterMs: undefined, mayHaveMore: false });
      const other = { queue: 'empty' };
      expect(await sut.claimWithin(requestOf(limits, 1, other))).toEqual({
        jobs: [],
        retryAfterMs: undefined,
        mayHaveMore: false,
      });
    });

    it('takes tokens for what begins only', async () => {
      await fixture.add(...many(2));
      const limits = rate(3, 3_000);
      expect(await claim(limits, 1)).toHaveLength(1);
      expect(await claim(limits)).toHaveLength(1);
      await fixture.add(...many(2));
      expect(await claim(limits)).toHaveLength(1);
    });

    it('gives each tenant a bucket of its own where it is asked to', async () => {
      const [a, b] = [genId(), genId()];
      await fixture.add(...many(3, { tenantId: a }), { tenantId: b }, ...many(3));
      const limits = rate(2, 2_000, true);
      expect((await claim(limits)).map(({ fairnessKey }) => fairnessKey)).toEqual(['', '', a, a, b]);
      await fixture.add(...many(2, { tenantId: b }));
      expect(await sut.claimWithin(requestOf(limits))).toMatchObject({ jobs: [{ fairnessKey: b }], retryAfterMs: 1_000 });
      fixture.clock.advance(1_000);
      expect((await claim(limits)).map(({ fairnessKey }) => fairnessKey)).toEqual(['', a, b]);
    });

    it('writes no bucket that it took nothing from', async () => {
      const [a, b] = [genId(), genId()];
      await fixture.add(...many(3, { tenantId: a }), ...many(3, { tenantId: b }));
      await claim(rate(2, 2_000, true), 1);
      const buckets = await fixture.execute<{ fairness_key: string }>('select * from sys_job_limits where filled_at is not null');
      expect(buckets).toMatchObject([{ fairness_key: a }]);
    });

    it('is one limit for all who claim at the same time', async () => {
      await fixture.add(...many(50));
      expect(await claim(rate(5, 60_000), 0)).toEqual([]);
      const stores = Array.from({ length: 4 }, () => fixture.connect());
      const results = await Promise.all(stores.map((store) => store.claimWithin(requestOf(rate(5, 60_000), 10))));
      expect(results.flatMap(({ jobs }) => jobs)).toHaveLength(5);
    });
  });

  describe('unblock', () => {
    it('makes as many pending as places were freed, the first first, of that tenant, key and queue', async () => {
      const tenantId = genId();
      const key = { concurrencyKey: 'k' };
      const ids = await fixture.add(
        { ...key, priority: 2 },
        { ...key, priority: 1 },
        { ...key, priority: 2 },
        { ...key, tenantId },
        { concurrencyKey: 'other' },
        { ...key, queue: 'other' },
        key,
      );
      await fixture.execute("update sys_jobs set status = 'blocked'");
      await fixture.execute("update sys_jobs set status = 'completed' where id = ?", [ids.at(-1)]);
      const place = { fairnessKey: '', concurrencyKey: 'k' };
      expect(await sut.unblock(QUEUE, [place, place])).toBe(2);
      expect(await blockedIds()).toEqual([ids[2], ids[3], ids[4], ids[5]]);
      expect(await sut.unblock(QUEUE, [place, { ...place, fairnessKey: tenantId }, { ...place, concurrencyKey: 'none' }])).toBe(
        2,
      );
      expect(await blockedIds()).toEqual([ids[4], ids[5]]);
      expect(await sut.unblock(QUEUE, [])).toBe(0);
    });

    it('frees blocked jobs whose key nobody is running', async () => {
      const tenantId = genId();
      const limits = { maxRunningPerKey: 1 };
      const ids = await fixture.add(
        ...many(2, { concurrencyKey: 'a' }),
        ...many(2, { concurrencyKey: 'b' }),
        ...many(2, { concurrencyKey: 'a', tenantId }),
      );
      const jobs = await claim(limits);
      expect(idsOf(jobs)).toEqual([ids[0], ids[2], ids[4]]);
      expect(await sut.unblockIdle()).toEqual([]);
      await complete(jobs.slice(1));
      expect(await sut.unblockIdle()).toEqual([QUEUE]);
      expect(await blockedIds()).toEqual([ids[1]]);
      expect(idsOf(await claim(limits))).toEqual([ids[3], ids[5]]);
    });
  });
});
