import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { genId, type SystemJob } from 'nestjs-host-database';
import {
  Discard,
  type EnqueueOptions,
  JobHandler,
  type JobRun,
  JobsService,
  RetryAfter,
  Snooze,
} from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

@Injectable()
class Handlers {
  readonly attempts: number[] = [];
  /** What an attempt does. */
  work: (run: JobRun) => unknown = () => {
    throw new Error('no');
  };

  @JobHandler('tests.do-default')
  async doDefault(run: JobRun): Promise<unknown> {
    this.attempts.push(run.attempt);
    return this.work(run);
  }

  @JobHandler('tests.do-twice', { retry: { maxAttempts: 2, delayMs: 1_000, jitter: 'none' } })
  async doTwice(run: JobRun): Promise<unknown> {
    this.attempts.push(run.attempt);
    return this.work(run);
  }

  @JobHandler('tests.be-quick', { timeoutMs: 20 })
  async beQuick({ signal }: JobRun): Promise<void> {
    await once(signal, 'abort');
    signal.throwIfAborted();
  }

  @JobHandler('tests.do-unless-hopeless', { retry: { shouldRetry: (error) => !(error instanceof TypeError) } })
  async doUnlessHopeless(run: JobRun): Promise<unknown> {
    return this.work(run);
  }
}

const HOUR_MS = 3_600_000;

describe.each(['sqlite', 'postgresql'] as const)('a job that failed, on %s', (database) => {
  let host: TestHost;
  let sut: JobsService;
  let handlers: Handlers;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [Handlers], options: { jobs: { maxAttempts: 3 } } });
    sut = host.get(JobsService);
    handlers = host.get(Handlers);
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const enqueue = (type = 'tests.do-default', options: EnqueueOptions = {}) => host.run(() => sut.enqueue(type, null, options));
  const stateOf = ({ id }: SystemJob) => host.run(() => sut.getById(id));
  const dueInMs = async (job: SystemJob) => ((await stateOf(job)).availableAt?.getTime() ?? NaN) - host.clock.now().getTime();
  /** Runs everything, however long it waits for its next attempt. */
  const runToTheEnd = async () => {
    while ((await host.jobs.enqueued()).length > 0) {
      await host.jobs.drain();
      host.clock.advance(HOUR_MS);
    }
  };

  it('waits a random part of a time that doubles, and is tried again when that is over', async () => {
    const job = await enqueue();
    await host.jobs.drain();
    const waitMs = await dueInMs(job);
    expect(waitMs).toBeGreaterThanOrEqual(0);
    expect(waitMs).toBeLessThanOrEqual(1_000);
    host.clock.advance(1_000);
    await host.jobs.drain();
    expect(handlers.attempts).toEqual([1, 2]);
    expect(await dueInMs(job)).toBeLessThanOrEqual(2_000);
  });

  it('is not tried before', async () => {
    const job = await enqueue('tests.do-twice');
    await host.jobs.drain();
    expect(await dueInMs(job)).toBe(1_000);
    host.clock.advance(999);
    expect(await host.jobs.drain()).toBe(0);
    host.clock.advance(1);
    expect(await host.jobs.drain()).toBe(1);
  });

  it("is a dead letter after the last attempt: the option's, the handler's or the job's own", async () => {
    const jobs = [await enqueue(), await enqueue('tests.do-twice'), await enqueue('tests.do-twice', { maxAttempts: 5 })];
    await runToTheEnd();
    expect(await Promise.all(jobs.map(stateOf))).toMatchObject([
      { status: 'failed', attempt: 3, completedAt: expect.any(Date) },
      { status: 'failed', attempt: 2 },
      { status: 'failed', attempt: 5 },
    ]);
  });

  it('keeps the errors of all attempts, the newest first', async () => {
    handlers.work = ({ attempt }) => {
      throw new Error(`reason ${attempt}`);
    };
    const job = await enqueue();
    await runToTheEnd();
    expect((await stateOf(job)).errorLog).toMatch(
      /^Attempt 3: Error: reason 3[^]*\n\nAttempt 2: Error: reason 2[^]*\n\nAttempt 1: /,
    );
  });

  it('has its errors and its result where a later attempt succeeds', async () => {
    handlers.work = ({ attempt }) => {
      if (attempt < 3) throw new Error('not yet');
      return 'at last';
    };
    const job = await enqueue();
    await runToTheEnd();
    expect(await stateOf(job)).toMatchObject({
      status: 'completed',
      output: 'at last',
      errorLog: expect.stringContaining('Attempt 2'),
    });
  });

  it('comes back when RetryAfter says so', async () => {
    handlers.work = () => {
      throw new RetryAfter(90_000);
    };
    const job = await enqueue();
    await host.jobs.drain();
    expect(await dueInMs(job)).toBe(90_000);
    expect(await stateOf(job)).toMatchObject({ status: 'scheduled', attempt: 1 });
  });

  it('fails where RetryAfter is given no time', async () => {
    handlers.work = () => {
      throw new RetryAfter(Number('no header'));
    };
    const job = await enqueue('tests.do-twice');
    await host.jobs.drain();
    expect(await dueInMs(job)).toBe(1_000);
    expect((await stateOf(job)).errorLog).toContain('delayMs must be');
  });

  it('has failed where it took too long', async () => {
    const job = await enqueue('tests.be-quick');
    expect(await host.jobs.drain()).toBe(1);
    expect(await stateOf(job)).toMatchObject({ status: 'scheduled', errorLog: expect.stringContaining('JobTimeoutError') });
  });

  it('is a dead letter at once with Discard, and where shouldRetry says no', async () => {
    handlers.work = ({ type }) => {
      throw type === 'tests.do-default' ? new Discard('there is no such invoice') : new TypeError('hopeless');
    };
    const jobs = [await enqueue(), await enqueue('tests.do-unless-hopeless')];
    await host.jobs.drain();
    expect(await Promise.all(jobs.map(stateOf))).toMatchObject([
      { status: 'failed', attempt: 1, errorLog: expect.stringContaining('there is no such invoice') },
      { status: 'failed', attempt: 1, errorLog: expect.stringContaining('hopeless') },
    ]);
  });

  it('is snoozed as often as it likes, uncharged and without an error', async () => {
    let snoozes = 0;
    handlers.work = () => {
      if (snoozes++ < 20) throw new Snooze(HOUR_MS);
    };
    const job = await enqueue();
    await host.jobs.drain();
    expect(await dueInMs(job)).toBe(HOUR_MS);
    await runToTheEnd();
    expect(handlers.attempts).toEqual(Array.from({ length: 21 }, () => 1));
    expect(await stateOf(job)).toMatchObject({ status: 'completed', attempt: 1, errorLog: null });
  });

  describe('redrive', () => {
    const fail = async (...options: readonly EnqueueOptions[]) => {
      const jobs: SystemJob[] = [];
      for (const each of options) jobs.push(await enqueue('tests.do-default', each));
      await runToTheEnd();
      return jobs;
    };

    it('gives dead letters all their attempts again', async () => {
      const [job] = (await fail({})) as [SystemJob];
      handlers.work = () => 'mended';
      expect(await host.run(() => sut.redrive())).toBe(1);
      expect(await stateOf(job)).toMatchObject({ status: 'pending', attempt: 0, completedAt: null });
      await host.jobs.drain();
      expect(await stateOf(job)).toMatchObject({
        status: 'completed',
        attempt: 1,
        errorLog: expect.stringContaining('Attempt 3'),
      });
      expect(await host.run(() => sut.redrive())).toBe(0);
    });

    it('takes those that the filter names, the oldest first, up to a limit', async () => {
      const tenantId = genId();
      const jobs = await fail({}, { tenantId }, { tenantId, queue: 'default' }, {});
      const other = await enqueue('tests.do-twice');
      await runToTheEnd();
      const redriven = async () => (await host.jobs.enqueued()).map(({ id }) => id);
      const idAt = (index: number) => jobs[index]?.id ?? '';

      expect(await host.run(() => sut.redrive({ ids: [idAt(3), genId()] }))).toBe(1);
      expect(await redriven()).toEqual([idAt(3)]);
      expect(await host.run(() => sut.redrive({ tenantId }, { limit: 1 }))).toBe(1);
      expect(await redriven()).toEqual([idAt(1), idAt(3)]);
      expect(await host.run(() => sut.redrive({ queue: 'elsewhere' }))).toBe(0);
      expect(await host.run(() => sut.redrive({ jobType: 'tests.do-twice', queue: 'default' }))).toBe(1);
      expect(await redriven()).toEqual([idAt(1), idAt(3), other.id]);
    });

    it('leaves one whose unique key a live job has meanwhile', async () => {
      const [job] = (await fail({ uniqueKey: 'a' })) as [SystemJob];
      await enqueue('tests.do-default', { uniqueKey: 'a' });
      expect(await host.run(() => sut.redrive())).toBe(0);
      expect((await stateOf(job)).status).toBe('failed');
    });

    it.each([
      [{ ids: ['one'] }, {}, 'COMMON_INVALID_ID'],
      [{ tenantId: 'acme' }, {}, 'COMMON_INVALID_ID'],
      [{ queue: 'Mails' }, {}, 'COMMON_INVALID_INPUT'],
      [{ jobType: 'mails' }, {}, 'JOBS_INVALID_TYPE'],
      [{}, { limit: -1 }, 'COMMON_INVALID_INPUT'],
    ])('refuses %j with %j', async (filter, options, code) => {
      await expect(host.run(() => sut.redrive(filter, options))).rejects.toMatchObject({ code });
    });

    it('is part of the transaction', async () => {
      const [job] = (await fail({})) as [SystemJob];
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.redrive();
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect((await stateOf(job)).status).toBe('failed');
    });
  });
});
