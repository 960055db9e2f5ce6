import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JobStoreFixture } from '../../../test/jobs/job-store-fixture.js';
import { genId } from '../../common/index.js';
import { JobStore } from './index.js';

const ERROR_LOG_MAX_LENGTH = 64_000;

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let sut: JobStore;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
    sut = fixture.store;
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  /** A new job in the hands of a worker, a minute after it was enqueued. */
  const running = async () => {
    await fixture.add({});
    fixture.clock.advance(60_000);
    return fixture.claimOne();
  };

  describe('settle', () => {
    it('completes', async () => {
      const job = await running();
      const startedAt = fixture.clock.now();
      fixture.clock.advance(5_000);
      expect(await sut.settle([{ ...job, status: 'completed', output: { sent: 3 } }])).toEqual(new Set([job.id]));
      expect(await fixture.job(job.id)).toMatchObject({
        status: 'completed',
        output: { sent: 3 },
        attempt: 1,
        claimToken: 1,
        startedAt,
        completedAt: fixture.clock.now(),
        errorLog: null,
        availableAt: null,
      });
    });

    it('fails for good', async () => {
      const job = await running();
      expect(await sut.settle([{ ...job, status: 'failed', error: 'no' }])).toEqual(new Set([job.id]));
      expect(await fixture.job(job.id)).toMatchObject({
        status: 'failed',
        errorLog: 'no',
        output: null,
        completedAt: fixture.clock.now(),
      });
    });

    it('runs again after a delay', async () => {
      const job = await running();
      await sut.settle([{ ...job, status: 'scheduled', delayMs: 1_500, error: 'not yet' }]);
      expect(await fixture.job(job.id)).toMatchObject({
        status: 'scheduled',
        attempt: 1,
        errorLog: 'not yet',
        availableAt: new Date(fixture.clock.now().getTime() + 1_500),
        completedAt: null,
      });
    });

    it('takes a delay with a fraction of a millisecond', async () => {
      const job = await running();
      await sut.settle([{ ...job, status: 'scheduled', delayMs: 1_500.4 }]);
      expect((await fixture.job(job.id)).availableAt).toEqual(new Date(fixture.clock.now().getTime() + 1_500));
    });

    it('gives a job back unrun, and the attempt with it', async () => {
      const job = await running();
      await sut.settle([{ ...job, status: 'pending', isRefunded: true }]);
      expect(await fixture.job(job.id)).toMatchObject({ status: 'pending', attempt: 0, claimToken: 1, errorLog: null });
      expect(await fixture.claimOne()).toMatchObject({ id: job.id, attempt: 1, claimToken: 2 });
    });

    it('keeps the attempt unless it is refunded', async () => {
      const job = await running();
      await sut.settle([{ ...job, status: 'pending', isRefunded: false }]);
      expect(await fixture.job(job.id)).toMatchObject({ attempt: 1 });
    });

    it.each([
      ['a text', 'ü ?'],
      ['zero', 0],
      ['false', false],
      ['an array', [1, null]],
      ['an object', { a: { b: "it's" } }],
    ])('keeps %s as the output', async (_, output) => {
      const job = await running();
      await sut.settle([{ ...job, status: 'completed', output }]);
      expect((await fixture.job(job.id)).output).toEqual(output);
    });

    it('logs the newest error first, and cuts the oldest', async () => {
      await fixture.add({});
      for (const error of ['first', 'second', 'third']) {
        await sut.settle([{ ...(await fixture.claimOne()), status: 'pending', error }]);
      }
      const last = await fixture.claimOne();
      expect((await fixture.job(last.id)).errorLog).toBe('third\n\nsecond\n\nfirst');
      await sut.settle([{ ...last, status: 'failed', error: '€'.repeat(ERROR_LOG_MAX_LENGTH - 4) }]);
      expect((await fixture.job(last.id)).errorLog).toBe(`${'€'.repeat(ERROR_LOG_MAX_LENGTH - 4)}\n\nth`);
    });

    it('leaves the log alone where there is no error', async () => {
      const job = await running();
      await sut.settle([{ ...job, status: 'pending', error: 'first' }]);
      await sut.settle([{ ...(await fixture.claimOne()), status: 'completed' }]);
      expect((await fixture.job(job.id)).errorLog).toBe('first');
    });

    it('takes many outcomes of every kind at once', async () => {
      await fixture.add(...Array.from({ length: 1_000 }, () => ({})));
      const jobs = await fixture.claim(1_000);
      const statuses = ['completed', 'failed', 'scheduled', 'pending'] as const;
      const outcomes = jobs.map(({ id, claimToken }, index) => ({
        id,
        claimToken,
        status: statuses[index % 4] ?? 'completed',
        delayMs: index,
        output: index,
        error: `error ${index}`,
      }));
      expect(await sut.settle(outcomes.toReversed())).toEqual(new Set(jobs.map(({ id }) => id)));
      const after = await fixture.jobs();
      expect(after.map(({ status, output, errorLog }) => [status, output, errorLog])).toEqual(
        outcomes.map(({ status, output, error }) => [status, output, error]),
      );
    });

    it('does nothing with nothing, and with what there is not', async () => {
      expect(await sut.settle([])).toEqual(new Set());
      expect(await sut.settle([{ id: genId(), claimToken: 1, status: 'completed' }])).toEqual(new Set());
    });

    it('settles once', async () => {
      const job = await running();
      expect(await sut.settle([{ ...job, status: 'completed' }])).toEqual(new Set([job.id]));
      expect(await sut.settle([{ ...job, status: 'failed', error: 'late' }])).toEqual(new Set());
      expect(await fixture.job(job.id)).toMatchObject({ status: 'completed', errorLog: null });
    });
  });

  describe('completeWithin', () => {
    it("completes with the caller's transaction, and not without", async () => {
      const job = await running();
      const work = fixture.transactional(async (em) => {
        expect(await sut.completeWithin(em, job, { done: true })).toBe(true);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await fixture.job(job.id)).toMatchObject({ status: 'running', output: null, completedAt: null });

      expect(await fixture.transactional((em) => sut.completeWithin(em, job, { done: true }))).toBe(true);
      expect(await fixture.job(job.id)).toMatchObject({
        status: 'completed',
        output: { done: true },
        completedAt: fixture.clock.now(),
      });
    });

    it.each([
      ['nothing', undefined, null],
      ['null', null, null],
      ['a text', 'a ?', 'a ?'],
      ['false', false, false],
    ])('stores %s', async (_, output, stored) => {
      const job = await running();
      await fixture.transactional((em) => sut.completeWithin(em, job, output));
      expect((await fixture.job(job.id)).output).toEqual(stored);
    });
  });

  describe('recordProgress', () => {
    it.each([
      ['a number', 0.5],
      ['a text', 'half'],
      ['an object', { done: 3, of: 7 }],
      ['null', null],
    ])('keeps %s', async (_, progress) => {
      const job = await running();
      expect(await sut.recordProgress(job, progress)).toBe(true);
      expect(await fixture.job(job.id)).toMatchObject({ status: 'running', progress });
    });
  });

  describe('findLost', () => {
    it('tells which claims no longer hold, and what became of their jobs', async () => {
      await fixture.add({}, {}, {}, {}, {});
      const jobs = await fixture.claim(5);
      const [held, cancelled, reclaimed, completed, deleted] = jobs.map(({ id }) => id);
      await fixture.transactional((em) => sut.cancel(em, [cancelled ?? '']));
      await sut.settle([{ ...jobs[2]!, status: 'pending' }]);
      await fixture.claimOne();
      await sut.settle([{ ...jobs[3]!, status: 'completed' }]);
      await fixture.execute('delete from sys_jobs where id = ?', [deleted]);
      const lost = await sut.findLost(jobs);
      expect(new Map(lost.map(({ id, status }) => [id, status]))).toEqual(
        new Map([
          [cancelled, 'cancelled'],
          [reclaimed, 'running'],
          [completed, 'completed'],
          [deleted, undefined],
        ]),
      );
      expect(await sut.findLost(jobs.filter(({ id }) => id === held))).toEqual([]);
      expect(await sut.findLost([])).toEqual([]);
    });
  });

  describe('findClaims', () => {
    it('lists the claims of a worker in a queue', async () => {
      const [workerId, other] = [genId(), genId()];
      await fixture.add({}, {}, {}, {}, { queue: 'mail' });
      const [first, second] = await fixture.claim(2, { workerId });
      await fixture.claim(1, { workerId: other });
      const [mail] = await fixture.claim(1, { workerId, queue: 'mail' });
      await sut.settle([{ ...first!, status: 'completed' }]);
      expect(await sut.findClaims(workerId, 'default')).toEqual([{ id: second?.id, claimToken: 1 }]);
      expect(await sut.findClaims(workerId, 'mail')).toEqual([{ id: mail?.id, claimToken: 1 }]);
      expect(await sut.findClaims(genId(), 'default')).toEqual([]);
    });
  });
});
