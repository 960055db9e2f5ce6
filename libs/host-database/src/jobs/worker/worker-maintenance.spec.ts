import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { JobsOptions } from '../jobs.options.js';
import { JobsService } from '../jobs.service.js';
import { JobStore } from '../store/index.js';
import type { SystemJob } from '../system-job.entity.js';
import { WorkerMaintenance } from './worker-maintenance.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe.each(['sqlite', 'postgresql'] as const)(`${WorkerMaintenance.name} on %s`, (database) => {
  const logger = new Logger('Jobs');
  const { signal } = new AbortController();
  let host: TestHost;
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeEach(async () => {
    warn = jest.spyOn(logger, 'warn').mockReturnValue(undefined);
    host = await createTestHost({ database });
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const maintenance = (options: Partial<JobsOptions> = {}, jobTypes: readonly string[] = []) =>
    new WorkerMaintenance(host.get(JobStore), Object.assign(new JobsOptions(), options), logger, jobTypes);
  const enqueue = (queue = 'default') => host.run(() => host.get(JobsService).enqueue('tests.do-some', null, { queue }));
  /** Jobs that ended just now. */
  const ended = async (...statuses: readonly SystemJob['status'][]) => {
    const jobs: SystemJob[] = [];
    for (const status of statuses) {
      const job = await enqueue();
      const completedAt = status === 'pending' ? null : host.clock.now();
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id: job.id }, { status, completedAt }));
      jobs.push(job);
    }
    return jobs;
  };
  const statuses = async () =>
    (await host.run(() => host.hostDatabase.systemJobs.findAll())).map(({ status }) => status).toSorted();
  const sleep = (ms: number) => {
    const now = performance.now() + ms;
    jest.spyOn(performance, 'now').mockReturnValue(now);
  };

  describe('purge', () => {
    it('deletes what has ended for as long as it is kept, each status in its time', async () => {
      const sut = maintenance({ retention: { completedDays: 1, cancelledDays: 2, failedDays: 3 } });
      await ended('completed', 'cancelled', 'failed', 'pending', 'completed');
      host.clock.advance(DAY_MS);
      expect(await sut.purge()).toBe(0);
      host.clock.advance(1);
      expect(await sut.purge()).toBe(2);
      host.clock.advance(DAY_MS);
      expect(await sut.purge()).toBe(1);
      expect(await statuses()).toEqual(['failed', 'pending']);
      host.clock.advance(1_000 * DAY_MS);
      expect(await sut.purge()).toBe(1);
      expect(await statuses()).toEqual(['pending']);
    });

    it('keeps everything where it is told to', async () => {
      await ended('completed', 'cancelled', 'failed');
      host.clock.advance(1_000 * DAY_MS);
      expect(await maintenance({ retention: false }).purge()).toBe(0);
      expect(await statuses()).toHaveLength(3);
    });

    it('deletes in bounded batches, and ends between two of them when it is told to', async () => {
      const items = Array.from({ length: 2_500 }, () => ({ payload: null }));
      await host.run(() => host.get(JobsService).enqueueMany('tests.do-some', items));
      const completedAt = host.clock.now();
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({}, { status: 'completed', completedAt }));
      host.clock.advance(30 * DAY_MS);
      const purge = jest.spyOn(host.get(JobStore), 'purge');
      const ending = new AbortController();
      ending.abort();
      expect(await maintenance().purge(ending.signal)).toBeLessThanOrEqual(1_000);
      const rest = await statuses();
      expect(await maintenance().purge()).toBe(rest.length);
      expect(await statuses()).toEqual([]);
      const results = await Promise.all(purge.mock.results.map(({ value }) => value as ReturnType<JobStore['purge']>));
      expect(Math.max(...results.map(({ deleted }) => deleted))).toBe(1_000);
    });
  });

  describe('run', () => {
    it('parks what nobody has a handler for, after its time, and says what is missing', async () => {
      const sut = maintenance({ parkAfterMs: 60_000 });
      const job = await enqueue('mails');
      sleep(2 * HOUR_MS);
      await sut.run(signal);
      expect(await statuses()).toEqual(['pending']);
      host.clock.advance(60_001);
      sleep(2 * HOUR_MS);
      await sut.run(signal);
      expect(await host.run(() => host.get(JobsService).getById(job.id))).toMatchObject({
        status: 'parked',
        errorLog: 'No live worker of the queue mails has a handler for tests.do-some.',
      });
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('parks nothing that a live worker of its queue has a handler for', async () => {
      const sut = maintenance({ parkAfterMs: 0 });
      const worker = { host: 'elsewhere', pid: 1, jobTypes: ['tests.do-some'] };
      await host.get(JobStore).register({ ...worker, id: genId(), queues: ['mails'] });
      await enqueue('mails');
      await enqueue('default');
      host.clock.advance(1);
      sleep(2 * HOUR_MS);
      await sut.run(signal);
      const jobs = await host.jobs.enqueued('tests.do-some');
      expect(jobs.map(({ queue, status }) => [queue, status])).toEqual([
        ['mails', 'pending'],
        ['default', 'parked'],
      ]);
    });

    it('does it now and then only', async () => {
      const sut = maintenance();
      const store = host.get(JobStore);
      const [park, purge] = [jest.spyOn(store, 'park'), jest.spyOn(store, 'purge')];
      await sut.run(signal);
      expect([park, purge].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
      sleep(2 * HOUR_MS);
      await sut.run(signal);
      await sut.run(signal);
      expect(park).toHaveBeenCalledTimes(1);
      // One statement for each status, since there is nothing to delete.
      expect(purge).toHaveBeenCalledTimes(3);
    });

    it('unparks what somebody has parked who did not know yet of this worker', async () => {
      const sut = maintenance({}, ['tests.do-some']);
      const { id } = await enqueue('mails');
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, { status: 'parked' }));
      sleep(HOUR_MS);
      expect(await sut.run(signal)).toEqual(['mails']);
      expect(await statuses()).toEqual(['pending']);
    });

    it.each([
      { queues: { mails: { maxRunningPerKey: 1 } }, everyMs: 15_000 },
      // They were blocked while it had a limit.
      { queues: { mails: {} }, everyMs: 60_000 },
    ])('frees blocked jobs that nobody runs any more, every $everyMs ms with $queues', async ({ queues, everyMs }) => {
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
      // From here on no time passes but what is slept.
      sleep(0);
      const sut = maintenance({ queues });
      const { id } = await host.run(() =>
        host.get(JobsService).enqueue('tests.do-some', null, { queue: 'mails', concurrencyKey: 'a' }),
      );
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, { status: 'blocked' }));
      sleep(everyMs - 1_000);
      expect(await sut.run(signal)).toEqual([]);
      sleep(everyMs);
      expect(await sut.run(signal)).toEqual(['mails']);
      expect(await statuses()).toEqual(['pending']);
    });
  });
});
