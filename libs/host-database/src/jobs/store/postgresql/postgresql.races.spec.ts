import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { claimRequest, JobStoreFixture, newJob, QUEUE } from '../../../../test/jobs/job-store-fixture.js';
import { PostgresqlJobStore } from './postgresql.job-store.js';

// On PostgreSQL only: SQLite has one writer at a time, so that there is nobody to race with.
describe(`Races of ${PostgresqlJobStore.name}`, () => {
  let fixture: JobStoreFixture;
  let sut: JobStoreFixture['store'];

  beforeAll(async () => {
    fixture = await JobStoreFixture.open('postgresql');
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  /** Ends the transactions that a test which failed has left open, for which others would wait. */
  const left: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const rollBack of left.splice(0)) await rollBack();
  });

  /** Begins a transaction that does `work` and then stays open until it is told how to end. */
  const open = async (work: (em: SqlEntityManager) => Promise<unknown>) => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const ended = fixture
      .transactional(async (em) => {
        await work(em);
        begun.resolve();
        await end.promise;
      })
      .catch(begun.reject);
    await begun.promise;
    const rollBack = () => (end.reject(new Error('no')), ended);
    left.push(rollBack);
    return { commit: () => (end.resolve(), ended), rollBack };
  };
  /** The store of a process whose statements use no index where they can do without. */
  const withoutIndexes = async () => {
    const name = fixture.orm.config.get('dbName');
    for (const setting of ['enable_indexscan', 'enable_bitmapscan']) {
      await fixture.execute(`alter database "${name}" set ${setting} = off`);
    }
    const store = fixture.connect();
    await store.findReadyTenants(QUEUE, undefined, 1);
    await fixture.execute(`alter database "${name}" reset all`);
    return store;
  };
  const claimed = async () => {
    await fixture.add({});
    return fixture.claimOne();
  };
  const statusOf = async (id: string) => (await fixture.job(id)).status;

  it('does not complete a job whose cancellation commits meanwhile', async () => {
    const claim = await claimed();
    const cancellation = await open((em) => sut.cancel(em, [claim.id]));
    const settled = sut.settle([{ ...claim, status: 'completed', output: 'late' }]);
    await fixture.whenWaiting(1);
    await cancellation.commit();
    expect(await settled).toEqual(new Set());
    expect(await fixture.job(claim.id)).toMatchObject({ status: 'cancelled', output: null });
  });

  it('completes a job whose cancellation is rolled back', async () => {
    const claim = await claimed();
    const cancellation = await open((em) => sut.cancel(em, [claim.id]));
    const settled = sut.settle([{ ...claim, status: 'completed' }]);
    await fixture.whenWaiting(1);
    await cancellation.rollBack();
    expect(await settled).toEqual(new Set([claim.id]));
  });

  it('does not complete with a claim what is cancelled meanwhile', async () => {
    const claim = await claimed();
    const cancellation = await open((em) => sut.cancel(em, [claim.id]));
    const result = sut.claim({ queue: QUEUE, workerId: 'worker', jobTypes: [], shares: [], completed: [claim] });
    await fixture.whenWaiting(1);
    await cancellation.commit();
    expect(await result).toMatchObject({ heldCount: 0 });
    expect(await statusOf(claim.id)).toBe('cancelled');
  });

  it('completes and claims, however long somebody holds one of its jobs', async () => {
    const [, , next] = await fixture.add({}, {}, {});
    const completed = await fixture.claim(2);
    const holder = await open((em) => sut.cancel(em, [completed[0]?.id ?? '']));
    const result = fixture.store.claim(claimRequest({ shares: [{ fairnessKey: '', count: 1 }], completed }));
    // It has given up the statement that does both, and waits in line with the one that settles.
    await fixture.whenWaiting(1, 'outcome as materialized');
    await holder.rollBack();
    expect(await result).toMatchObject({ heldCount: 2, jobs: [{ id: next }] });
    for (const { id } of completed) expect(await statusOf(id)).toBe('completed');
  });

  it('does not cancel a job that its handler completes meanwhile', async () => {
    const claim = await claimed();
    const handler = await open((em) => sut.completeWithin(em, claim, null));
    const cancelled = fixture.transactional((em) => sut.cancel(em, [claim.id]));
    await fixture.whenWaiting(1);
    await handler.commit();
    expect(await cancelled).toEqual([]);
    expect(await statusOf(claim.id)).toBe('completed');
  });

  it('does not take a job away that its handler is completing, however dead its worker', async () => {
    const claim = await claimed();
    const handler = await open((em) => sut.completeWithin(em, claim, null));
    expect(await sut.rescue({ deadAfterMs: 1, maxCrashes: 3 })).toMatchObject({ rescued: 0 });
    await handler.commit();
    expect(await fixture.job(claim.id)).toMatchObject({ status: 'completed', crashCount: 0 });
  });

  it('refuses the completion of a job that was taken away while its handler ran', async () => {
    const claim = await claimed();
    const handler = await open(async () => {
      await sut.rescue({ deadAfterMs: 1, maxCrashes: 3 });
    });
    await handler.commit();
    expect(await fixture.transactional((em) => sut.completeWithin(em, claim, 'late'))).toBe(false);
    expect(await fixture.job(claim.id)).toMatchObject({ status: 'pending', output: null });
  });

  it('claims past jobs that others hold', async () => {
    const ids = await fixture.add({}, {}, {});
    const cancellation = await open((em) => sut.cancel(em, [ids[0] ?? '']));
    expect((await fixture.claim(2)).map(({ id }) => id)).toEqual(ids.slice(1));
    await cancellation.rollBack();
    expect(await fixture.claimOne()).toMatchObject({ id: ids[0] });
  });

  it('promotes, rescues and parks past jobs that others hold', async () => {
    const [held = '', due] = await fixture.add({ delayMs: 1 }, { delayMs: 1 });
    fixture.clock.advance(1);
    const cancellation = await open((em) => sut.cancel(em, [held]));
    expect(await sut.promote(10)).toEqual({ queues: [QUEUE], nextDueMs: 0 });
    fixture.clock.advance(1);
    expect(await sut.park(0)).toBe(1);
    await cancellation.rollBack();
    expect([await statusOf(held), await statusOf(due ?? '')]).toEqual(['scheduled', 'parked']);
  });

  it('returns a job that another transaction has just enqueued under the same key', async () => {
    const first = newJob({ uniqueKey: 'k' });
    const other = await open((em) => sut.insert(em, [first]));
    const second = fixture.add({ uniqueKey: 'k' });
    await fixture.whenWaiting(1);
    await other.commit();
    expect(await second).toEqual([first.id]);
  });

  it('writes a job whose key another transaction gives up', async () => {
    const other = await open((em) => sut.insert(em, [newJob({ uniqueKey: 'k' })]));
    const second = fixture.add({ uniqueKey: 'k' });
    await fixture.whenWaiting(1);
    await other.rollBack();
    const [id] = await second;
    expect(await fixture.jobs()).toMatchObject([{ id }]);
  });

  it('inserts batches with the same keys in opposite orders without a deadlock', async () => {
    const middle = await open((em) => sut.insert(em, [newJob({ uniqueKey: 'm' })]));
    const forth = fixture.add({ uniqueKey: 'a' }, { uniqueKey: 'm' }, { uniqueKey: 'z' });
    await fixture.whenWaiting(1);
    const back = fixture.add({ uniqueKey: 'z' }, { uniqueKey: 'm' }, { uniqueKey: 'a' });
    await fixture.whenWaiting(2);
    await middle.rollBack();
    expect((await back).toReversed()).toEqual(await forth);
    expect(await fixture.jobs()).toHaveLength(3);
  });

  it('completes and cancels the same jobs at the same time without a deadlock', async () => {
    await fixture.add({}, {}, {});
    const claims = await fixture.claim(3);
    // The last one is the first in the table, and the table is read in its own order.
    for (const { id } of claims.toReversed()) await fixture.execute('update sys_jobs set progress = null where id = ?', [id]);
    const store = await withoutIndexes();
    const [, middle] = claims;
    const holder = await open((em) => em.execute('select 1 from sys_jobs where id = ? for update', [middle?.id]));
    const completion = store.claim({
      queue: QUEUE,
      workerId: 'worker',
      jobTypes: [],
      shares: [],
      completed: claims.toReversed(),
    });
    await fixture.whenWaiting(1);
    const cancellation = fixture.transactional((em) =>
      sut.cancel(
        em,
        claims.map(({ id }) => id),
      ),
    );
    await fixture.whenWaiting(2);
    await holder.rollBack();
    // Whoever comes first gets all of them: both have to lock them in the same order.
    const { heldCount } = await completion;
    expect([heldCount, (await cancellation).length]).toEqual(heldCount === 0 ? [0, 3] : [3, 0]);
  });

  it('frees a job that a claim blocks while the last one of its key ends', async () => {
    await fixture.add({ concurrencyKey: 'k' }, { concurrencyKey: 'k' });
    const request = { queue: QUEUE, workerId: 'worker', jobTypes: ['store.do-work'], count: 9, after: undefined };
    const limits = { maxRunningPerKey: 1 };
    const shareOut = () => [{ fairnessKey: '', count: 9 }];
    const first = await sut.claimWithin({ ...request, limits, shareOut, count: 1 });
    await fixture.execute("update sys_jobs set status = 'pending' where status = 'blocked'");
    // The claim has counted and not yet decided: the job that it has counted ends now.
    const unblocked = Promise.withResolvers<number>();
    const claim = sut.claimWithin({
      ...request,
      limits,
      shareOut: () => {
        void sut
          .settle(first.jobs.map(({ id, claimToken }) => ({ id, claimToken, status: 'completed' })))
          .then(() => sut.unblock(QUEUE, [{ fairnessKey: '', concurrencyKey: 'k' }]))
          .then(unblocked.resolve, unblocked.reject);
        return shareOut();
      },
    });
    expect((await claim).jobs).toEqual([]);
    expect(await unblocked.promise).toBe(1);
    expect((await sut.claimWithin({ ...request, limits, shareOut })).jobs).toHaveLength(1);
  });

  it('goes by the clock of the database, whatever those of the machines say', async () => {
    const store = fixture.connectWithSystemClock();
    const skewed = async <T>(byMs: number, work: () => Promise<T>): Promise<T> => {
      const { now } = Date;
      Date.now = () => now() + byMs;
      try {
        return await work();
      } finally {
        Date.now = now;
      }
    };
    const hour = 3_600_000;
    const beat = (workerId: string) => store.beat({ workerId, deadAfterMs: 15_000, queues: [QUEUE], schedules: [] });
    for (const skewMs of [-hour, hour]) {
      await fixture.clear();
      await skewed(skewMs, async () => {
        await store.register({ id: 'skewed', host: 'host', pid: 1, queues: [QUEUE], jobTypes: [] });
        await fixture.transactional((em) => store.insert(em, [newJob(), newJob({ delayMs: 60_000 })]));
        expect(await fixture.claim(9, { store, workerId: 'skewed' })).toHaveLength(1);
      });
      await store.register({ id: 'right', host: 'host', pid: 2, queues: [QUEUE], jobTypes: [] });
      expect(await beat('right')).toMatchObject({ isAlive: true, needsRescue: false });
      expect(await skewed(skewMs, () => beat('skewed'))).toMatchObject({ isAlive: true, needsRescue: false });
      const { nextDueMs = 0, queues } = await skewed(skewMs, () => store.promote(10));
      expect(queues).toEqual([]);
      expect(nextDueMs).toBeGreaterThan(30_000);
      expect(nextDueMs).toBeLessThanOrEqual(60_000);
      expect(await skewed(skewMs, () => store.rescue({ deadAfterMs: 15_000, maxCrashes: 3 }))).toMatchObject({
        workerIds: [],
        rescued: 0,
      });
    }
  });
});
