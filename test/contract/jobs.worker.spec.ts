import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { Clock, GlobalUser, HostDatabase, type SystemJob, SystemClock } from 'nestjs-host-database';
import {
  type EnqueueOptions,
  JobCancelledError,
  JobHandler,
  JobLeaseLostError,
  type JobRun,
  type JobsOptions,
  JobsService,
  JobTimeoutError,
} from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { MachinePauses } from '../support/machine-pauses.js';
import { until } from '../support/until.js';

@Injectable()
class Handlers {
  /** What a test makes the handlers do. */
  work: (run: JobRun) => unknown = () => undefined;

  constructor(private readonly hostDatabase: HostDatabase) {}

  @JobHandler('tests.do-plain')
  async doPlain(run: JobRun): Promise<unknown> {
    return this.work(run);
  }

  @JobHandler('tests.write-user', { retry: { delayMs: 3_600_000, jitter: 'none' } })
  async writeUser(run: JobRun): Promise<unknown> {
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
    return this.work(run);
  }

  @JobHandler('tests.write-user-once', { transactional: true })
  async writeUserOnce(run: JobRun): Promise<unknown> {
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
    return this.work(run);
  }

  @JobHandler('tests.be-quick', { timeoutMs: 50, retry: { maxAttempts: 1 } })
  async beQuick(run: JobRun): Promise<unknown> {
    return this.work(run);
  }
}

/** Nothing happens because time has passed, unless a test says so: what is seen is the signals' doing. */
const QUIET: Partial<JobsOptions> = { worker: true, pollIntervalMs: 600_000, heartbeatMs: 600_000, deadAfterMs: 6_000_000 };

describe.each(['sqlite', 'postgresql'] as const)('the worker on %s', (database) => {
  let host: TestHost;
  let sut: JobsService;
  let handlers: Handlers;

  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  async function start(options: Partial<JobsOptions> = {}): Promise<void> {
    host = await createTestHost({
      database,
      providers: [Handlers],
      options: { jobs: { ...QUIET, ...options } },
      override: (builder) => builder.overrideProvider(Clock).useValue(new SystemClock()),
    });
    sut = host.get(JobsService);
    handlers = host.get(Handlers);
    await until(async () => (await sut.statistics()).workers.length === 1 || options.worker === false);
  }

  const enqueue = (type = 'tests.do-plain', options: EnqueueOptions = {}) => host.run(() => sut.enqueue(type, null, options));
  const stateOf = ({ id }: SystemJob) => host.run(() => sut.getById(id));
  const untilStatus = (job: SystemJob, status: SystemJob['status']) => until(async () => (await stateOf(job)).status === status);
  const countUsers = () => host.run(() => host.hostDatabase.globalUsers.count());

  /** Enqueues a job whose handler waits until a test lets it go on, or until its signal is aborted; resolves once it runs. */
  async function startLong(type = 'tests.do-plain', { listens = true } = {}) {
    const started = Promise.withResolvers<JobRun>();
    const release = Promise.withResolvers<void>();
    handlers.work = async (run) => {
      started.resolve(run);
      if (!listens) return release.promise;
      await Promise.race([release.promise, run.signal.aborted || once(run.signal, 'abort')]);
      run.signal.throwIfAborted();
    };
    const job = await enqueue(type);
    return { job, run: await started.promise, release: release.resolve };
  }

  describe('wakes up', () => {
    it('at the commit, and not before', async () => {
      await start();
      const steps: string[] = [];
      const ran = Promise.withResolvers<void>();
      handlers.work = () => {
        steps.push('run');
        ran.resolve();
      };
      await host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          await em.transactional(() => sut.enqueue('tests.do-plain', null));
          steps.push('about to commit');
        }),
      );
      await ran.promise;
      expect(steps).toEqual(['about to commit', 'run']);
    });

    it('exactly when a delayed job is due', async () => {
      await start();
      const ran = Promise.withResolvers<number>();
      handlers.work = () => ran.resolve(performance.now());
      const began = performance.now();
      const pauses = new MachinePauses();
      await enqueue('tests.do-plain', { delayMs: 150 });
      const waitedMs = (await ran.promise) - began;
      expect(waitedMs).toBeGreaterThanOrEqual(150);
      expect(waitedMs - pauses.end()).toBeLessThan(1_000);
    });

    it('for a retry', async () => {
      await start();
      const ran = Promise.withResolvers<number>();
      handlers.work = ({ attempt }) => {
        if (attempt === 1) throw new Error('no');
        ran.resolve(attempt);
      };
      await enqueue();
      expect(await ran.promise).toBe(2);
    });

    it('for a job that is redriven', async () => {
      await start();
      handlers.work = () => {
        throw new Error('no');
      };
      const job = await enqueue('tests.be-quick');
      await untilStatus(job, 'failed');
      handlers.work = () => 'mended';
      expect(await host.run(() => sut.redrive())).toBe(1);
      await untilStatus(job, 'completed');
    });
  });

  it('lets a long job hold up no other', async () => {
    await start();
    const { job, release } = await startLong();
    handlers.work = () => undefined;
    await untilStatus(await enqueue(), 'completed');
    expect((await stateOf(job)).status).toBe('running');
    release();
    await untilStatus(job, 'completed');
  });

  describe('cancels', () => {
    it('a job that waits, for good', async () => {
      await start({ worker: false });
      const jobs = [await enqueue(), await enqueue('tests.do-plain', { delayMs: 1_000 })];
      for (const job of jobs) expect(await host.run(() => sut.cancel(job.id))).toBe(true);
      expect(await host.jobs.drain()).toBe(0);
      for (const job of jobs) {
        expect(await stateOf(job)).toMatchObject({ status: 'cancelled', availableAt: null, completedAt: expect.any(Date) });
        expect(await host.run(() => sut.cancel(job.id))).toBe(false);
      }
    });

    it('one that runs: its signal is aborted within a second', async () => {
      await start();
      const { job, run } = await startLong();
      const began = performance.now();
      const pauses = new MachinePauses();
      expect(await host.run(() => sut.cancel(job.id))).toBe(true);
      await until(() => run.signal.aborted);
      expect(performance.now() - began - pauses.end()).toBeLessThan(1_000);
      expect(run.signal.reason).toBeInstanceOf(JobCancelledError);
      expect(await stateOf(job)).toMatchObject({ status: 'cancelled', errorLog: null });
    });

    // On SQLite a transactional handler holds the one lock for writing, and nobody can cancel it meanwhile.
    it.each(['tests.write-user', ...(database === 'postgresql' ? ['tests.write-user-once'] : [])])(
      'one that runs and does not listen: nothing of %s is recorded',
      async (type) => {
        await start({ concurrency: 1 });
        const { job, run, release } = await startLong(type, { listens: false });
        await host.run(() => sut.cancel(job.id));
        await until(() => run.signal.aborted);
        release();
        handlers.work = () => undefined;
        // Only then is there a place for it.
        await untilStatus(await enqueue(), 'completed');
        expect(await countUsers()).toBe(0);
        expect(await stateOf(job)).toMatchObject({ status: 'cancelled', output: null });
      },
    );

    it('nothing where the transaction is rolled back', async () => {
      await start();
      const { job, run, release } = await startLong();
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          expect(await sut.cancel(job.id)).toBe(true);
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      release();
      await untilStatus(job, 'completed');
      expect(run.signal.aborted).toBe(false);
    });
  });

  describe('ends an attempt that takes too long', () => {
    it('by its signal, and counts it', async () => {
      await start();
      const { job, run } = await startLong('tests.be-quick');
      await untilStatus(job, 'failed');
      expect(run.signal.reason).toBeInstanceOf(JobTimeoutError);
      expect(await stateOf(job)).toMatchObject({ attempt: 1, errorLog: expect.stringContaining('JobTimeoutError') });
    });

    it('and goes on without it where it does not listen', async () => {
      await start({ concurrency: 1, abortGraceMs: 50 });
      const { job, release } = await startLong('tests.be-quick', { listens: false });
      handlers.work = () => undefined;
      const next = await enqueue();
      await untilStatus(job, 'failed');
      await untilStatus(next, 'completed');
      // What it does in the end is not recorded any more.
      release();
      expect(await stateOf(job)).toMatchObject({ status: 'failed', output: null });
    });
  });

  it('gives up its jobs when others took it for dead, and begins anew', async () => {
    await start({ heartbeatMs: 50, deadAfterMs: 10_000 });
    const { job, run } = await startLong('tests.write-user');
    handlers.work = () => undefined;
    await host.run(async () => {
      const { em } = host.hostDatabase;
      await em.execute('update sys_jobs set claim_token = claim_token + 1 where id = ?', [job.id]);
      await em.execute('delete from sys_job_workers');
    });
    await until(() => run.signal.aborted);
    expect(run.signal.reason).toBeInstanceOf(JobLeaseLostError);
    // It takes over what nobody seems to run: this job.
    await untilStatus(job, 'completed');
    expect(await stateOf(job)).toMatchObject({ attempt: 2, crashCount: 1 });
    expect(await countUsers()).toBe(1);
  });
});
