import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { createTestHost, type TestHost } from '../testing/index.js';
import { JobDrain } from './job-drain.js';
import { JobHandler } from './job-handler.decorator.js';
import type { JobRun } from './job-types.interface.js';
import { JobsService } from './jobs.service.js';
import type { JobsOptions } from './jobs.options.js';
import type { SystemJob } from './system-job.entity.js';

@Injectable()
class Work {
  handle: (run: JobRun) => unknown = () => undefined;

  @JobHandler('tests.do-some')
  async doSome(run: JobRun): Promise<unknown> {
    return this.handle(run);
  }
}

describe.each(['sqlite', 'postgresql'] as const)(`${JobDrain.name} on %s`, (database) => {
  let host: TestHost;

  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const start = async (jobs: Partial<JobsOptions> = {}) => {
    host = await createTestHost({ database, options: { jobs }, providers: [Work] });
  };
  const enqueue = () => host.run(() => host.get(JobsService).enqueue('tests.do-some', null));
  const update = ({ id }: SystemJob, facts: Partial<SystemJob>) =>
    host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, facts));
  const current = ({ id }: SystemJob) => host.run(() => host.get(JobsService).getById(id));
  /** Handlers that begin, and end when the test says so. */
  const holding = () => {
    const begun = Promise.withResolvers<JobRun>();
    const held = Promise.withResolvers<void>();
    host.get(Work).handle = (run) => {
      begun.resolve(run);
      return held.promise;
    };
    return { begun: begun.promise, release: held.resolve };
  };

  it('runs parked and blocked jobs that nobody else would free', async () => {
    await start();
    const [parked, blocked] = [await enqueue(), await enqueue()];
    await update(parked, { status: 'parked' });
    await update(blocked, { status: 'blocked', concurrencyKey: 'a' });
    expect(await host.runJobs()).toBe(2);
  });

  it('gives up an attempt that ignores its timeout', async () => {
    await start({ timeoutMs: 1, abortGraceMs: 1, maxAttempts: 1 });
    const { release } = holding();
    const job = await enqueue();
    expect(await host.runJobs()).toBe(1);
    expect(await current(job)).toMatchObject({ status: 'failed', errorLog: expect.stringContaining('JobTimeoutError') });
    release();
  });

  it('asks an attempt to end whose job was cancelled', async () => {
    await start();
    const { begun, release } = holding();
    const job = await enqueue();
    const drain = host.runJobs();
    const run = await begun;
    const aborted = new Promise((resolve) => run.signal.addEventListener('abort', resolve));
    await host.run(() => host.get(JobsService).cancel(job.id));
    await aborted;
    expect(run.signal.reason).toMatchObject({ code: 'JOBS_CANCELLED' });
    release();
    await drain;
    expect(await current(job)).toMatchObject({ status: 'cancelled' });
  });

  it('asks an attempt to end whose job another has taken', async () => {
    await start();
    const { begun, release } = holding();
    const job = await enqueue();
    const drain = host.runJobs();
    const run = await begun;
    const aborted = new Promise((resolve) => run.signal.addEventListener('abort', resolve));
    await update(job, { claimToken: 7 });
    await aborted;
    expect(run.signal.reason).toMatchObject({ code: 'JOBS_LEASE_LOST' });
    release();
    await drain;
  });

  it.each([
    ['cancelled', { status: 'cancelled' }, 'JOBS_CANCELLED'],
    ['taken by another', { claimToken: 7 }, 'JOBS_LEASE_LOST'],
  ] as const)('refuses the progress of a job that was %s, and says so', async (_name, facts, code) => {
    await start();
    const { begun, release } = holding();
    const job = await enqueue();
    const drain = host.runJobs();
    const run = await begun;
    await update(job, facts);
    await expect(run.setProgress(1)).rejects.toMatchObject({ code });
    expect(run.signal.reason).toMatchObject({ code });
    release();
    await drain;
  });

  it('gives back what does not end, when the process shuts down', async () => {
    await start({ shutdownGraceMs: 1, abortGraceMs: 1 });
    const { begun, release } = holding();
    const job = await enqueue();
    const drain = host.runJobs();
    const run = await begun;
    await host.get(JobDrain).beforeApplicationShutdown();
    expect(await drain).toBe(1);
    expect(run.signal.reason).toMatchObject({ code: 'JOBS_WORKER_SHUTDOWN' });
    expect(await current(job)).toMatchObject({ status: 'pending', attempt: 0 });
    release();
  });
});
