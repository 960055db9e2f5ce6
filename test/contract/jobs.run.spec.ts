import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { ContextService, genId, GlobalUser, HostDatabase, type SystemJob } from 'nestjs-host-database';
import {
  InvalidJobPayloadError,
  JobHandler,
  type JobHandlerOptions,
  JobLeaseLostError,
  JobNotFoundError,
  type JobRun,
  JobsService,
} from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

/** A Standard Schema by hand; those of Zod, Valibot and ArkType have the same shape. */
const emailSchema: NonNullable<JobHandlerOptions<'mail.send-checked'>['schema']> = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: async (value) =>
      typeof value === 'object' && value !== null && 'email' in value && typeof value.email === 'string'
        ? { value }
        : { issues: [{ message: 'expected a string', path: ['to', { key: 'email' }] }] },
  },
};

@Injectable()
class MailHandlers {
  readonly runs: JobRun[] = [];
  readonly contexts: object[] = [];
  /** What a test makes the handler of a plain job do. */
  work: (run: JobRun) => unknown = () => undefined;

  constructor(
    private readonly hostDatabase: HostDatabase,
    private readonly context: ContextService,
  ) {}

  @JobHandler('mail.send-welcome')
  async sendWelcome(run: JobRun<'mail.send-welcome'>): Promise<void> {
    this.runs.push(run);
    this.contexts.push(this.context.current);
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
  }

  @JobHandler('mail.send-plain')
  async sendPlain(run: JobRun): Promise<unknown> {
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
    return this.work(run);
  }

  @JobHandler('mail.send-once', { transactional: true })
  async sendOnce(run: JobRun): Promise<unknown> {
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
    return this.work(run);
  }

  @JobHandler('mail.send-checked', { schema: emailSchema })
  async sendChecked(run: JobRun): Promise<void> {
    this.runs.push(run);
  }
}

@Injectable()
class SecondHandler {
  @JobHandler('mail.send-welcome')
  async sendWelcome(): Promise<void> {}
}

@Injectable()
class MisnamedHandler {
  @JobHandler('SendWelcome')
  async sendWelcome(): Promise<void> {}
}

@Injectable()
class MisconfiguredHandler {
  @JobHandler('mail.send-late', { timeoutMs: 0 })
  async sendLate(): Promise<void> {}
}

describe.each(['sqlite', 'postgresql'] as const)('running a job on %s', (database) => {
  let host: TestHost;
  let sut: JobsService;
  let handlers: MailHandlers;
  let logError: jest.SpiedFunction<Logger['error']>;
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeEach(async () => {
    logError = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [MailHandlers] });
    sut = host.get(JobsService);
    handlers = host.get(MailHandlers);
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const enqueue = (type: string, payload: unknown = null) => host.run(() => sut.enqueue(type, payload));
  const hasWritten = async ({ id }: SystemJob) =>
    (await host.run(() => host.hostDatabase.globalUsers.count({ email: `${id}@example.com` }))) === 1;
  const stateOf = ({ id }: SystemJob) => host.run(() => sut.getById(id));
  /** Another process takes the job over while this one still works on it. */
  const takeOver = ({ id }: Pick<SystemJob, 'id'>) =>
    host.run(() => host.hostDatabase.em.execute('update sys_jobs set claim_token = claim_token + 1 where id = ?', [id]));

  it('happens once, with its payload, tenant and actor in the context, in a unit of work that is flushed', async () => {
    const [tenantId, actorUserId] = [genId(), genId()];
    const payload = { to: 'ada@example.com', at: new Date(0), nested: [null, 1, 'ü'] };
    const job = await host
      .get(ContextService)
      .run({ actorUserId, requestId: 'of the caller' }, () =>
        host.run(() => sut.enqueue('mail.send-welcome', payload, { tenantId })),
      );
    expect(await host.jobs.drain()).toBe(1);
    expect(await host.jobs.drain()).toBe(0);

    expect(handlers.runs).toMatchObject([
      {
        id: job.id,
        type: 'mail.send-welcome',
        queue: 'default',
        tenantId,
        actorUserId,
        attempt: 1,
        maxAttempts: 10,
        payload: { ...payload, at: '1970-01-01T00:00:00.000Z' },
      },
    ]);
    expect(handlers.contexts).toEqual([{ requestId: `job:${job.id}`, tenantId, actorUserId }]);
    expect(await hasWritten(job)).toBe(true);
    expect(await stateOf(job)).toMatchObject({
      status: 'completed',
      output: null,
      errorLog: null,
      startedAt: host.clock.now(),
      completedAt: host.clock.now(),
      attempt: 1,
    });
  });

  it('has nobody in its context where nobody enqueued it', async () => {
    const job = await enqueue('mail.send-welcome');
    await host.jobs.drain();
    expect(handlers.contexts).toEqual([{ requestId: `job:${job.id}` }]);
    expect(handlers.runs).toMatchObject([{ tenantId: undefined, actorUserId: undefined }]);
  });

  it('runs jobs of one type side by side, each in a unit of work of its own', async () => {
    const seen: number[] = [];
    const all = Promise.withResolvers<void>();
    handlers.work = async () => {
      seen.push(host.hostDatabase.em.getUnitOfWork().getPersistStack().size);
      if (seen.length === 3) all.resolve();
      await all.promise;
    };
    await Promise.all([1, 2, 3].map((payload) => enqueue('mail.send-plain', payload)));
    expect(await host.jobs.drain()).toBe(3);
    expect(seen).toEqual([1, 1, 1]);
  });

  it('discards what a failed attempt wrote, and records its error', async () => {
    handlers.work = () => Promise.reject(new TypeError('the mail server said no'));
    const job = await enqueue('mail.send-plain');
    expect(await host.jobs.drain()).toBe(1);
    expect(await stateOf(job)).toMatchObject({
      status: 'scheduled',
      errorLog: expect.stringContaining('Attempt 1: TypeError: the mail server said no'),
      completedAt: null,
      attempt: 1,
    });
    expect(await hasWritten(job)).toBe(false);
    expect(logError).toHaveBeenCalledTimes(1);
  });

  it('records an error that has what no database stores', async () => {
    handlers.work = () => Promise.reject(new Error('a bad byte: \0, half an emoji: \ud83d'));
    const job = await enqueue('mail.send-plain');
    await host.jobs.drain();
    expect(await stateOf(job)).toMatchObject({
      status: 'scheduled',
      errorLog: expect.stringContaining('a bad byte: \u2400, half an emoji: \ufffd'),
    });
  });

  describe('leaves a result behind', () => {
    it.each([
      ['an object', { sent: 3, at: new Date(0) }, { sent: 3, at: '1970-01-01T00:00:00.000Z' }],
      ['a text', 'done', 'done'],
      ['a falsy value', 0, 0],
      ['nothing', undefined, null],
    ])('that is %s', async (_, returned, output) => {
      handlers.work = () => returned;
      const jobs = [await enqueue('mail.send-plain'), await enqueue('mail.send-once')];
      await host.jobs.drain();
      for (const job of jobs) expect(await stateOf(job)).toMatchObject({ status: 'completed', output });
    });

    it.each([
      ['no JSON', { big: 1n }],
      ['what no database stores', 'half an emoji: \ud83d'],
    ])('unless it is %s: that is dropped with a warning', async (_, returned) => {
      handlers.work = () => returned;
      const job = await enqueue('mail.send-plain');
      await host.jobs.drain();
      expect(await stateOf(job)).toMatchObject({ status: 'completed', output: null });
      expect(await hasWritten(job)).toBe(true);
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('MailHandlers.sendPlain()'));
    });
  });

  describe('setProgress', () => {
    it('is seen by others while the job runs, and stays', async () => {
      const seen: unknown[] = [];
      handlers.work = async (run) => {
        await run.setProgress({ page: 1 });
        seen.push((await stateOf({ id: run.id } as SystemJob)).progress);
        await run.setProgress({ page: 2 });
      };
      const job = await enqueue('mail.send-plain');
      await host.jobs.drain();
      expect(seen).toEqual([{ page: 1 }]);
      expect(await stateOf(job)).toMatchObject({ status: 'completed', progress: { page: 2 } });
    });

    it('is refused where it is not JSON', async () => {
      handlers.work = (run) => run.setProgress('half an emoji: \ud83d');
      const job = await enqueue('mail.send-plain');
      await host.jobs.drain();
      expect(await stateOf(job)).toMatchObject({ progress: null, errorLog: expect.stringContaining('InvalidInputError') });
    });

    it('is refused once the job is no longer of this worker, which ends the attempt', async () => {
      const seen: unknown[] = [];
      handlers.work = async (run) => {
        await takeOver(run);
        seen.push(await run.setProgress(1).catch((error: unknown) => error), run.signal.reason);
      };
      const job = await enqueue('mail.send-plain');
      await host.jobs.drain();
      expect(seen).toEqual([expect.any(JobLeaseLostError), expect.any(JobLeaseLostError)]);
      expect(await stateOf(job)).toMatchObject({ status: 'running', progress: null });
      expect(await hasWritten(job)).toBe(false);
    });
  });

  describe('of a transactional handler', () => {
    it('commits what it writes together with its completion', async () => {
      const seen: string[] = [];
      handlers.work = async (run) => {
        seen.push((await sut.getById(run.id)).status);
        expect(host.hostDatabase.em.isInTransaction()).toBe(true);
        return { sent: 1 };
      };
      const job = await enqueue('mail.send-once');
      await host.jobs.drain();
      expect(seen).toEqual(['running']);
      expect(await stateOf(job)).toMatchObject({ status: 'completed', output: { sent: 1 } });
      expect(await hasWritten(job)).toBe(true);
    });

    it('commits neither where it fails after the write', async () => {
      handlers.work = async () => {
        await host.hostDatabase.em.flush();
        throw new Error('no');
      };
      const job = await enqueue('mail.send-once');
      await host.jobs.drain();
      expect(await stateOf(job)).toMatchObject({ status: 'scheduled', output: null });
      expect(await hasWritten(job)).toBe(false);
    });

    it.each([
      ['cancelled', "status = 'cancelled'"],
      ['taken over', 'claim_token = claim_token + 1'],
    ])('commits neither where the job was %s meanwhile', async (_, change) => {
      // In the transaction itself, because SQLite lets nobody else write meanwhile; it is rolled back with the rest.
      handlers.work = ({ id }) => host.hostDatabase.em.execute(`update sys_jobs set ${change} where id = ?`, [id]);
      const job = await enqueue('mail.send-once');
      expect(await host.jobs.drain()).toBe(1);
      expect(await stateOf(job)).toMatchObject({ status: 'running', output: null, completedAt: null });
      expect(await hasWritten(job)).toBe(false);
    });

    it('enqueues with it', async () => {
      handlers.work = async ({ payload }) => {
        await sut.enqueue('mail.send-welcome', payload);
        if (payload === 'bad') throw new Error('no');
      };
      await enqueue('mail.send-once', 'good');
      await enqueue('mail.send-once', 'bad');
      await host.jobs.drain();
      expect(handlers.runs.map(({ payload }) => payload)).toEqual(['good']);
    });
  });

  describe('with a schema', () => {
    it('checks the payload when it is enqueued, and writes nothing', async () => {
      const work = host.run(() =>
        sut.enqueueMany('mail.send-checked', [{ payload: { email: 'a@example.com' } }, { payload: {} }]),
      );
      await expect(work).rejects.toMatchObject({
        code: new InvalidJobPayloadError('').code,
        jobType: 'mail.send-checked',
        problems: ['to.email: expected a string'],
      });
      expect(await host.jobs.enqueued()).toEqual([]);
    });

    it('checks it again when it is run, and does not try again', async () => {
      const good = await enqueue('mail.send-checked', { email: 'a@example.com' });
      const bad = await enqueue('mail.send-checked', { email: 'b@example.com' });
      // As an older version of the application has enqueued it.
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id: bad.id }, { payload: { address: 'b@example.com' } }));
      await host.jobs.drain();
      expect(handlers.runs.map(({ id }) => id)).toEqual([good.id]);
      expect(await stateOf(bad)).toMatchObject({
        status: 'failed',
        errorLog: expect.stringContaining('to.email: expected a string'),
      });
    });
  });

  it('leaves a job that has no handler here to another process', async () => {
    const job = await enqueue('elsewhere.do-something');
    expect(await host.jobs.drain()).toBe(0);
    expect((await stateOf(job)).status).toBe('pending');
  });

  it('does not let such jobs hide those of another tenant', async () => {
    await enqueue('elsewhere.do-something');
    await host.run(() => sut.enqueue('mail.send-welcome', {}, { tenantId: genId() }));
    expect(await host.jobs.drain({ limit: 1 })).toBe(1);
  });

  it('runs only the types that are asked for, and a builder of the test kit only its own', async () => {
    const job = await enqueue('mail.send-welcome');
    expect(await sut.runPending({ types: ['mail.send-plain'] })).toBe(0);
    await host.newTenant();
    expect((await stateOf(job)).status).toBe('pending');
    expect(await sut.runPending()).toBe(1);
  });

  it('says which job there is not', async () => {
    for (const method of ['getById', 'cancel'] as const) {
      await expect(host.run<unknown>(() => sut[method](genId()))).rejects.toBeInstanceOf(JobNotFoundError);
    }
  });

  it('does not record the outcome of a worker that has lost its job', async () => {
    handlers.work = (run) => takeOver(run);
    const job = await enqueue('mail.send-plain');
    await host.jobs.drain();
    expect(await stateOf(job)).toMatchObject({ status: 'running', completedAt: null });
  });

  it('takes over a job whose worker is not known', async () => {
    const job = await enqueue('mail.send-welcome');
    const running = { status: 'running', claimToken: 1, attempt: 1, workerId: genId() } as const;
    await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id: job.id }, running));
    expect(await host.jobs.drain()).toBe(1);
    expect(handlers.runs).toMatchObject([{ attempt: 2 }]);
    expect(await stateOf(job)).toMatchObject({ status: 'completed', crashCount: 1, claimToken: 2 });
  });

  it('keeps its hands off a job whose worker is alive', async () => {
    const job = await enqueue('mail.send-welcome');
    const workerId = genId();
    const now = host.clock.now();
    const columns = 'id, host, pid, queues, job_types, started_at, beat_at';
    const values = [workerId, 'elsewhere', 1, '[]', '[]', now, now];
    await host.run(async () => {
      const { em, systemJobs } = host.hostDatabase;
      await em.execute(`insert into sys_job_workers (${columns}) values (?, ?, ?, ?, ?, ?, ?)`, values);
      await systemJobs.nativeUpdate({ id: job.id }, { status: 'running', workerId });
    });
    expect(await host.jobs.drain()).toBe(0);
    host.clock.advance(3_600_000);
    expect(await host.jobs.drain()).toBe(1);
  });
});

describe('the boot', () => {
  it.each([
    ['two handlers of one type', [MailHandlers, SecondHandler], { code: 'JOBS_DUPLICATE_HANDLER', jobType: 'mail.send-welcome' }],
    ['a handler of a malformed type', [MisnamedHandler], { code: 'JOBS_INVALID_TYPE', jobType: 'SendWelcome' }],
    [
      'a handler with a wrong option',
      [MisconfiguredHandler],
      { code: 'COMMON_INVALID_OPTION', option: 'timeoutMs of @JobHandler on MisconfiguredHandler.sendLate()' },
    ],
  ])('is stopped by %s', async (_, providers, error) => {
    await expect(createTestHost({ providers })).rejects.toMatchObject(error);
  });
});
