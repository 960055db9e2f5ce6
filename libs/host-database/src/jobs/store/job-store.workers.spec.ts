import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JOB_TYPE, JobStoreFixture, QUEUE } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { JobWorker } from '../job-worker.entity.js';
import { JobSchedule } from '../schedules/job-schedule.entity.js';
import { type BeatRequest, JobStore } from './index.js';

const DEAD_AFTER_MS = 15_000;

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const beat = (workerId: string, rest: Partial<BeatRequest> = {}) =>
    sut.beat({ workerId, deadAfterMs: DEAD_AFTER_MS, queues: [QUEUE], schedules: [], ...rest });
  const rescue = (maxCrashes = 3) => sut.rescue({ deadAfterMs: DEAD_AFTER_MS, maxCrashes });
  const workers = () => fixture.orm.em.fork().find(JobWorker, {}, { orderBy: { id: 'asc' } });
  const at = (ms: number) => new Date(fixture.clock.now().getTime() + ms);

  describe('register, beat and deregister', () => {
    it('keeps who works where, and since when', async () => {
      const id = genId();
      const startedAt = fixture.clock.now();
      await sut.register({ id, host: 'host', pid: 42, queues: ['a', 'b'], jobTypes: [JOB_TYPE] });
      expect(await workers()).toMatchObject([
        { id, host: 'host', pid: 42, queues: ['a', 'b'], jobTypes: [JOB_TYPE], startedAt, beatAt: startedAt },
      ]);
      fixture.clock.advance(5_000);
      expect(await beat(id)).toEqual({
        isAlive: true,
        needsRescue: false,
        nextDeathMs: undefined,
        readyQueues: [],
        nextDueMs: undefined,
        nextSlotMs: undefined,
      });
      expect(await workers()).toMatchObject([{ startedAt, beatAt: fixture.clock.now() }]);
      await sut.deregister(id);
      expect(await workers()).toEqual([]);
    });

    it('may be registered twice', async () => {
      const id = await fixture.register();
      fixture.clock.advance(5_000);
      await sut.register({ id, host: 'host', pid: 1, queues: [QUEUE], jobTypes: [JOB_TYPE] });
      expect(await workers()).toMatchObject([{ id, beatAt: fixture.clock.now() }]);
    });

    it('tells a worker that it was taken for dead', async () => {
      expect((await beat(genId())).isAlive).toBe(false);
    });

    it('tells of workers that are silent, and of jobs without one', async () => {
      const [mine, other] = [await fixture.register(), await fixture.register()];
      expect(await beat(mine)).toMatchObject({ needsRescue: false, nextDeathMs: DEAD_AFTER_MS });
      fixture.clock.advance(DEAD_AFTER_MS);
      expect(await beat(mine)).toMatchObject({ needsRescue: false, nextDeathMs: 0 });
      fixture.clock.advance(1);
      expect(await beat(mine)).toMatchObject({ needsRescue: true, nextDeathMs: -1 });
      expect((await beat(other)).needsRescue).toBe(false);
      await fixture.add({});
      await fixture.claim(1, { workerId: mine });
      expect((await beat(mine)).needsRescue).toBe(false);
      await sut.deregister(mine);
      expect((await beat(other)).needsRescue).toBe(true);
    });

    it('tells which of its queues have ready jobs', async () => {
      const id = await fixture.register();
      await fixture.add({ queue: 'a' }, { queue: 'b', delayMs: 1_000 }, { queue: 'c', tenantId: genId() }, { queue: 'd' });
      const { readyQueues } = await beat(id, { queues: ['c', 'a', 'b', 'e'] });
      expect(readyQueues.toSorted()).toEqual(['a', 'c']);
    });

    it('tells when the next job and the next slot are due', async () => {
      const id = await fixture.register();
      await fixture.add({ delayMs: 3_000 }, { delayMs: 1_500 });
      const schedule = { jobType: JOB_TYPE, cron: '* * * * *', createdAt: fixture.clock.now() };
      const em = fixture.orm.em.fork();
      em.create(JobSchedule, { ...schedule, name: 'stored', source: 'stored', nextSlotAt: at(9_000) });
      em.create(JobSchedule, { ...schedule, name: 'inactive', source: 'stored', nextSlotAt: at(1_000), isActive: false });
      em.create(JobSchedule, { ...schedule, name: 'mine', source: 'code', nextSlotAt: at(7_000) });
      em.create(JobSchedule, { ...schedule, name: 'of others', source: 'code', nextSlotAt: at(2_000) });
      await em.flush();
      expect(await beat(id)).toMatchObject({ nextDueMs: 1_500, nextSlotMs: 9_000 });
      expect(await beat(id, { schedules: ['mine', 'none'] })).toMatchObject({ nextSlotMs: 7_000 });
      fixture.clock.advance(8_000);
      expect(await sut.findNextTimes(['mine'])).toEqual({ nextDueMs: -6_500, nextSlotMs: -1_000 });
      await fixture.clear();
      expect(await sut.findNextTimes([])).toEqual({ nextDueMs: undefined, nextSlotMs: undefined });
    });
  });

  describe('rescue', () => {
    it('never buries who rescues, however long it was silent itself', async () => {
      const [self, other] = [await fixture.register(), await fixture.register()];
      await fixture.add({});
      await fixture.claim(1, { workerId: self });
      fixture.clock.advance(DEAD_AFTER_MS + 1);
      const result = await sut.rescue({ workerId: self, deadAfterMs: DEAD_AFTER_MS, maxCrashes: 3 });
      expect(result).toMatchObject({ workerIds: [other], rescued: 0 });
      expect(await fixture.jobs()).toMatchObject([{ status: 'running', crashCount: 0, workerId: self }]);
    });

    it('takes the jobs of a dead worker away from it, and no others', async () => {
      const [dead, alive] = [await fixture.register(), await fixture.register()];
      const ids = await fixture.add({}, {}, {}, {}, { queue: 'mail' });
      await fixture.claim(2, { workerId: dead });
      const [done] = await fixture.claim(1, { workerId: dead });
      await sut.settle([{ ...done!, status: 'completed' }]);
      const [kept] = await fixture.claim(1, { workerId: alive });
      await fixture.claim(1, { workerId: dead, queue: 'mail' });
      fixture.clock.advance(DEAD_AFTER_MS + 1);
      await beat(alive);

      const result = await rescue();
      expect(result).toMatchObject({ workerIds: [dead], rescued: 3, failed: 0 });
      expect(result.queues.toSorted()).toEqual([QUEUE, 'mail']);
      expect((await fixture.jobs()).map(({ status }) => status)).toEqual([
        'pending',
        'pending',
        'completed',
        'running',
        'pending',
      ]);
      expect(await fixture.job(ids[0] ?? '')).toMatchObject({
        crashCount: 1,
        attempt: 1,
        claimToken: 1,
        completedAt: null,
        errorLog: `Attempt 1: its worker ${dead} died.`,
      });
      expect(await fixture.job(kept?.id ?? '')).toMatchObject({ workerId: alive, crashCount: 0, errorLog: null });
      expect(await workers()).toMatchObject([{ id: alive }]);
      expect(await fixture.claimOne({ workerId: alive })).toMatchObject({ id: ids[0], attempt: 2, claimToken: 2, crashCount: 1 });
    });

    it('waits until a worker has been silent for long enough', async () => {
      await fixture.register();
      fixture.clock.advance(DEAD_AFTER_MS);
      expect(await rescue()).toEqual({ workerIds: [], queues: [], rescued: 0, failed: 0 });
    });

    it('takes jobs that no worker knows of', async () => {
      const [a, b] = await fixture.add({}, {});
      const workerId = await fixture.register();
      await fixture.claim(2, { workerId });
      await sut.deregister(workerId);
      await fixture.execute('update sys_jobs set worker_id = null where id = ?', [a]);
      expect(await rescue()).toEqual({ workerIds: [], queues: [QUEUE], rescued: 2, failed: 0 });
      expect((await fixture.job(a ?? '')).errorLog).toBe('Attempt 1: its worker died.');
      expect((await fixture.job(b ?? '')).errorLog).toBe(`Attempt 1: its worker ${workerId} died.`);
    });

    it('makes a dead letter of a job that has killed too many', async () => {
      const [id = ''] = await fixture.add({});
      for (const failed of [0, 0, 1]) {
        await fixture.claim(1);
        expect(await rescue(3)).toEqual({ workerIds: [], queues: failed ? [] : [QUEUE], rescued: 1, failed });
      }
      const { errorLog, ...job } = await fixture.job(id);
      expect(job).toMatchObject({ status: 'failed', crashCount: 3, attempt: 3, completedAt: fixture.clock.now() });
      expect(errorLog?.split('\n\n').map((line) => line.slice(0, 10))).toEqual(['Attempt 3:', 'Attempt 2:', 'Attempt 1:']);
    });

    it('makes a dead letter of a job that has no attempt left', async () => {
      const ids = await fixture.add({ maxAttempts: 1 }, { maxAttempts: 2 }, {});
      await fixture.claim(3);
      expect(await rescue(9)).toMatchObject({ rescued: 3, failed: 1 });
      expect(await Promise.all(ids.map(async (id) => (await fixture.job(id)).status))).toEqual(['failed', 'pending', 'pending']);
    });

    it('rescues a job once, whoever tries at the same time', async () => {
      await fixture.add(...Array.from({ length: 100 }, () => ({})));
      await fixture.claim(100);
      const stores = Array.from({ length: 4 }, () => fixture.connect());
      const results = await Promise.all(stores.map((store) => store.rescue({ deadAfterMs: DEAD_AFTER_MS, maxCrashes: 9 })));
      expect(results.reduce((sum, { rescued }) => sum + rescued, 0)).toBe(100);
      expect((await fixture.jobs()).every(({ crashCount, status }) => crashCount === 1 && status === 'pending')).toBe(true);
    });
  });
});
