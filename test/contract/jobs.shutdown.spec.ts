import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { HostDatabase, HostDatabaseModule, SystemJob } from 'nestjs-host-database';
import { JobHandler, type JobRun, type JobsOptions, JobsService, WorkerShutdownError } from 'nestjs-host-database/jobs';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { until } from '../support/until.js';

/** Handlers of one application. The next one is started with another instance. */
@Injectable()
class Handlers {
  readonly runs: JobRun[] = [];
  private readonly release = Promise.withResolvers<void>();

  /** Lets what is running go on. */
  end(): void {
    this.release.resolve();
  }

  @JobHandler('tests.wait-politely')
  async waitPolitely(run: JobRun): Promise<void> {
    this.runs.push(run);
    await Promise.race([this.release.promise, once(run.signal, 'abort')]);
    run.signal.throwIfAborted();
  }

  @JobHandler('tests.wait-stubbornly')
  async waitStubbornly(run: JobRun): Promise<void> {
    this.runs.push(run);
    await this.release.promise;
  }
}

const QUIET: Partial<JobsOptions> = { pollIntervalMs: 600_000, heartbeatMs: 600_000, deadAfterMs: 6_000_000 };

describe.each(['sqlite', 'postgresql'] as const)('a shutdown of the worker on %s', (type) => {
  let scratch: ScratchDatabase;
  let module: TestingModule;
  let handlers: Handlers;
  let observer: HostDatabase;
  let closing: Promise<void> | undefined;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    scratch = await scratchDatabase(type);
    observer = await HostDatabase.open({ database: scratch.options });
  });
  afterEach(async () => {
    handlers.end();
    await shutDown();
    await observer.close();
    await scratch.drop();
    jest.restoreAllMocks();
  });

  async function start(jobs: Partial<JobsOptions> = {}): Promise<void> {
    const imports = [HostDatabaseModule.forRoot({ database: scratch.options, jobs: { ...QUIET, ...jobs } })];
    module = await (await Test.createTestingModule({ imports, providers: [Handlers] }).compile()).init();
    handlers = module.get(Handlers);
    closing = undefined;
  }

  const shutDown = () => (closing ??= module.close());

  const enqueue = (jobType: string) => module.get(HostDatabase).run(() => module.get(JobsService).enqueue(jobType, null));
  const stateOf = ({ id }: SystemJob) => observer.run((em) => em.findOneOrFail(SystemJob, { id }));
  const startJob = async (jobType: string) => {
    const job = await enqueue(jobType);
    await until(() => handlers.runs.length > 0);
    return { job, run: handlers.runs[0] as JobRun };
  };
  const workers = () => observer.em.execute('select id from sys_job_workers');

  it('lets running jobs end, and signs off', async () => {
    await start();
    const { job, run } = await startJob('tests.wait-politely');
    const steps: string[] = [];
    const closed = shutDown().then(() => steps.push('closed'));
    await new Promise(setImmediate);
    steps.push(`aborted: ${run.signal.aborted}`);
    expect(await workers()).toHaveLength(1);
    handlers.end();
    await closed;
    expect(steps).toEqual(['aborted: false', 'closed']);
    expect(await stateOf(job)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await workers()).toEqual([]);
  });

  it('asks them to end when the grace period is over, without counting the attempt', async () => {
    await start({ shutdownGraceMs: 50 });
    const { job, run } = await startJob('tests.wait-politely');
    await shutDown();
    expect(run.signal.reason).toBeInstanceOf(WorkerShutdownError);
    expect(await stateOf(job)).toMatchObject({ status: 'pending', attempt: 0, crashCount: 0, errorLog: null });
  });

  it('goes without those that do not end', async () => {
    await start({ shutdownGraceMs: 50, abortGraceMs: 1_000 });
    const { job, run } = await startJob('tests.wait-stubbornly');
    await shutDown();
    expect(run.signal.reason).toBeInstanceOf(WorkerShutdownError);
    expect(await stateOf(job)).toMatchObject({ status: 'pending', attempt: 0, crashCount: 0 });
    expect(await workers()).toEqual([]);
  });

  it('leaves to others what it has not begun, and takes nothing more', async () => {
    await start({ concurrency: 1, shutdownGraceMs: 1_000 });
    const { job } = await startJob('tests.wait-politely');
    const jobs = [job, await enqueue('tests.wait-politely')];
    void shutDown();
    jobs.push(await enqueue('tests.wait-politely'));
    await shutDown();
    expect(handlers.runs).toHaveLength(1);
    expect(await Promise.all(jobs.map(stateOf))).toMatchObject(jobs.map(() => ({ status: 'pending', attempt: 0 })));
  });

  it('awaits what runPending() has begun', async () => {
    await start({ worker: false });
    const job = await enqueue('tests.wait-politely');
    const draining = module.get(JobsService).runPending();
    await until(() => handlers.runs.length > 0);
    void shutDown();
    handlers.end();
    await shutDown();
    expect(await draining).toBe(1);
    expect((await stateOf(job)).status).toBe('completed');
  });
});

describe.each(['sqlite', 'postgresql'] as const)('a parked job on %s', (type) => {
  let scratch: ScratchDatabase;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
  });
  afterEach(async () => {
    await scratch.drop();
  });

  it('is run once a worker with its handler comes', async () => {
    const observer = await HostDatabase.open({ database: scratch.options });
    observer.em.create(SystemJob, { jobType: 'tests.wait-politely', payload: null, status: 'parked' });
    await observer.commit();
    const imports = [HostDatabaseModule.forRoot({ database: scratch.options, jobs: QUIET })];
    const module = await (await Test.createTestingModule({ imports, providers: [Handlers] }).compile()).init();
    const { runs } = module.get(Handlers);
    await until(() => runs.length > 0);
    module.get(Handlers).end();
    await module.close();
    expect(await observer.run((em) => em.findAll(SystemJob))).toMatchObject([{ status: 'completed' }]);
    await observer.close();
  });
});
