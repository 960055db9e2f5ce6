import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { ContextService, genId, GlobalUser, HostDatabase, SystemJob } from 'nestjs-host-database';
import {
  DuplicateJobHandlerError,
  InvalidJobPayloadError,
  InvalidJobTypeError,
  JobHandler,
  JobNotFoundError,
  type JobRun,
  JobsService,
} from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { runProgram, startProgram } from '../support/child-process.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

@Injectable()
class MailHandlers {
  readonly runs: JobRun[] = [];
  readonly contexts: object[] = [];

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

  @JobHandler('mail.send-broken')
  async sendBroken(run: JobRun): Promise<void> {
    this.hostDatabase.em.create(GlobalUser, { email: `${run.id}@example.com` });
    throw new TypeError('the mail server said no');
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

describe.each(['sqlite', 'postgresql'] as const)(`${JobsService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: JobsService;

  beforeEach(async () => {
    host = await createTestHost({ database, providers: [MailHandlers] });
    sut = host.get(JobsService);
  });
  afterEach(async () => {
    await host.close();
  });

  const emailOf = (job: SystemJob) => host.run(() => host.hostDatabase.globalUsers.count({ email: `${job.id}@example.com` }));

  it('runs a job once, with its payload and the tenant in the context, in a unit of work that is flushed', async () => {
    const tenantId = genId();
    const payload = { to: 'ada@example.com', at: new Date(0), nested: [null, 1, 'ü'] };
    const job = await host.run(() => sut.enqueue('mail.send-welcome', payload, { tenantId }));
    expect(await sut.runPending()).toBe(1);
    expect(await sut.runPending()).toBe(0);

    const { runs, contexts } = host.get(MailHandlers);
    expect(runs).toMatchObject([
      { id: job.id, type: 'mail.send-welcome', tenantId, attempt: 1, payload: { ...payload, at: '1970-01-01T00:00:00.000Z' } },
    ]);
    expect(contexts).toEqual([{ requestId: `job:${job.id}`, tenantId }]);
    expect(await emailOf(job)).toBe(1);
    expect(await host.run(() => sut.getById(job.id))).toMatchObject({
      status: 'completed',
      errorLog: null,
      completedAt: host.clock.now(),
      attempt: 1,
    });
  });

  it('records the error of a job that failed, and discards what it wrote', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-broken', null));
    expect(await sut.runPending()).toBe(1);
    expect(await host.run(() => sut.getById(job.id))).toMatchObject({
      status: 'scheduled',
      errorLog: expect.stringContaining('TypeError: the mail server said no'),
      completedAt: null,
      attempt: 1,
    });
    expect(await emailOf(job)).toBe(0);
  });

  it('runs only the types that are asked for, and a builder of the test kit only its own', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-welcome', {}));
    expect(await sut.runPending({ types: ['mail.send-broken'] })).toBe(0);
    await host.newTenant();
    expect((await host.run(() => sut.getById(job.id))).status).toBe('pending');
    expect(await sut.runPending()).toBe(1);
  });

  it('records an error that has what no database stores', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-welcome', {}));
    host.get(MailHandlers).sendWelcome = () => Promise.reject(new Error('a bad byte: \0'));
    expect(await sut.runPending()).toBe(1);
    expect(await host.run(() => sut.getById(job.id))).toMatchObject({
      status: 'scheduled',
      errorLog: expect.stringContaining('a bad byte: \u2400'),
    });
  });

  it('leaves a job that has no handler here to another process', async () => {
    const job = await host.run(() => sut.enqueue('elsewhere.do-something', {}));
    expect(await sut.runPending()).toBe(0);
    expect((await host.run(() => sut.getById(job.id))).status).toBe('pending');
  });

  it("becomes visible with the caller's commit and vanishes with its rollback", async () => {
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await sut.enqueue('mail.send-welcome', {});
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    expect(await sut.runPending()).toBe(0);
  });

  it.each(['', 'welcome', 'Mail.send', 'mail.send welcome', `mail.${'x'.repeat(130)}`])('refuses the type %p', async (type) => {
    await expect(host.run(() => sut.enqueue(type, {}))).rejects.toBeInstanceOf(InvalidJobTypeError);
  });

  it('refuses a payload that is not JSON, and writes nothing', async () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const payload of [circular, 1n, undefined, () => 1, { text: 'a NUL: \0' }]) {
      await expect(host.run(() => sut.enqueue('mail.send-welcome', payload))).rejects.toBeInstanceOf(InvalidJobPayloadError);
    }
    expect(await host.run(() => host.hostDatabase.systemJobs.count())).toBe(0);
  });

  it('says which job there is not', async () => {
    await expect(host.run(() => sut.getById(genId()))).rejects.toBeInstanceOf(JobNotFoundError);
  });

  it('does not record the outcome of a worker that has lost its job', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-welcome', {}));
    const handlers = host.get(MailHandlers);
    handlers.sendWelcome = async () => {
      // Another process takes the job over while this one still works on it.
      await host.hostDatabase.em.execute('update sys_jobs set claim_token = claim_token + 1 where id = ?', [job.id]);
    };
    await sut.runPending();
    expect(await host.run(() => sut.getById(job.id))).toMatchObject({ status: 'running', completedAt: null });
  });

  it('takes over a job whose worker is not known', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-welcome', {}));
    await host.run(() =>
      host.hostDatabase.systemJobs.nativeUpdate(
        { id: job.id },
        { status: 'running', claimToken: 1, attempt: 1, workerId: genId() },
      ),
    );
    expect(await sut.runPending()).toBe(1);
    expect(host.get(MailHandlers).runs).toMatchObject([{ attempt: 2 }]);
    expect(await host.run(() => sut.getById(job.id))).toMatchObject({ status: 'completed', crashCount: 1, claimToken: 2 });
  });

  it('keeps its hands off a job whose worker is alive', async () => {
    const job = await host.run(() => sut.enqueue('mail.send-welcome', {}));
    const workerId = genId();
    const now = host.clock.now();
    const columns = 'id, host, pid, queues, job_types, started_at, beat_at';
    const values = [workerId, 'elsewhere', 1, '[]', '[]', now, now];
    await host.run(async () => {
      const { em, systemJobs } = host.hostDatabase;
      await em.execute(`insert into sys_job_workers (${columns}) values (?, ?, ?, ?, ?, ?, ?)`, values);
      await systemJobs.nativeUpdate({ id: job.id }, { status: 'running', workerId });
    });
    expect(await sut.runPending()).toBe(0);
    host.clock.advance(3_600_000);
    expect(await sut.runPending()).toBe(1);
  });
});

describe('the worker', () => {
  it('wakes up at the commit, and the shutdown awaits what it has begun', async () => {
    const host = await createTestHost({
      providers: [MailHandlers],
      options: { jobs: { worker: true, pollIntervalMs: 600_000 } },
    });
    const handlers = host.get(MailHandlers);
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const steps: string[] = [];
    handlers.sendWelcome = async ({ signal }) => {
      started.resolve();
      await release.promise;
      steps.push(`handler ended, aborted: ${signal.aborted}`);
    };
    await host.run(() => host.get(JobsService).enqueue('mail.send-welcome', {}));
    await started.promise;
    const closing = host.close().then(() => steps.push('closed'));
    await new Promise(setImmediate);
    release.resolve();
    await closing;
    expect(steps).toEqual(['handler ended, aborted: false', 'closed']);
  });
});

describe('a long job', () => {
  it('holds up no other', async () => {
    const host = await createTestHost({
      providers: [MailHandlers],
      options: { jobs: { worker: true, pollIntervalMs: 600_000 } },
    });
    const handlers = host.get(MailHandlers);
    const order: string[] = [];
    const [started, quickDone, release] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    handlers.sendWelcome = async () => {
      started.resolve();
      await release.promise;
      order.push('the long one');
    };
    handlers.sendBroken = async () => {
      order.push('the quick one');
      quickDone.resolve();
    };
    await host.run(() => host.get(JobsService).enqueue('mail.send-welcome', {}));
    await started.promise;
    await host.run(() => host.get(JobsService).enqueue('mail.send-broken', {}));
    await quickDone.promise;
    release.resolve();
    await host.close();
    expect(order).toEqual(['the quick one', 'the long one']);
  });
});

describe('the boot', () => {
  it.each([
    ['two handlers of one type', [MailHandlers, SecondHandler], DuplicateJobHandlerError],
    ['a handler of a malformed type', [MisnamedHandler], InvalidJobTypeError],
  ])('is stopped by %s', async (_, providers, error) => {
    await expect(createTestHost({ providers })).rejects.toBeInstanceOf(error);
  });
});

describe.each(['sqlite', 'postgresql'] as const)('several processes on %s', (type) => {
  const PROCESSES = 4;
  const JOBS = 120;
  let scratch: ScratchDatabase;
  let hostDatabase: HostDatabase;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    hostDatabase = await HostDatabase.open({ database: scratch.options });
  });
  afterEach(async () => {
    await hostDatabase.close();
    await scratch.drop();
  });

  const addJobs = async (jobType: string, count: number) => {
    for (let index = 0; index < count; index++) hostDatabase.em.create(SystemJob, { jobType, payload: { index } });
    await hostDatabase.commit();
    hostDatabase.rollback();
  };

  it('run each job exactly once between them', async () => {
    await addJobs('test.record-run', JOBS);
    const env = { DATABASE: JSON.stringify(scratch.options) };
    const outcomes = await Promise.all(Array.from({ length: PROCESSES }, () => runProgram('work-jobs', { env })));
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(outcomes.map(() => ({ code: 0, stderr: '' })));

    const runs = await hostDatabase.auditLogs.findAll();
    expect(runs).toHaveLength(JOBS);
    expect(new Set(runs.map(({ targetId }) => targetId)).size).toBe(JOBS);
    expect(await hostDatabase.systemJobs.count({ status: 'completed', claimToken: 1 })).toBe(JOBS);
    const shares = outcomes.map(({ stdout }) => Number(stdout));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(JOBS);
  });

  it('take over the job of one that was killed, once it has been silent for long enough', async () => {
    await addJobs('test.never-end', 1);
    const env = { DATABASE: JSON.stringify(scratch.options), DEAD_AFTER_MS: '500' };
    const doomed = startProgram('work-jobs', { env });
    await doomed.said(/started/);
    doomed.child.kill('SIGKILL');
    await doomed.ended;
    expect(await hostDatabase.systemJobs.count({ status: 'running', claimToken: 1 })).toBe(1);

    const heir = await runProgram('work-jobs', { env: { ...env, WAIT_FOR: '1', TAKE_OVER: '1' } });
    expect(heir).toMatchObject({ code: 0, stderr: '' });
    expect(await hostDatabase.systemJobs.count({ status: 'completed', claimToken: 2 })).toBe(1);
  });
});
