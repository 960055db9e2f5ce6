import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DIRECT_CONNECTION, type DirectConnection } from '../database/index.js';
import { createTestHost, type TestHost } from '../testing/index.js';
import { JobsService } from './jobs.service.js';
import { type JobSignal, JobSignals } from './signals/index.js';

describe.each(['sqlite', 'postgresql'] as const)('the wake-up on %s', (database) => {
  let host: TestHost;
  let sut: JobsService;
  let sent: Partial<JobSignal>[];

  beforeEach(async () => {
    host = await createTestHost({ database });
    sut = host.get(JobsService);
    sent = [];
    const signals = host.get(JobSignals);
    const send = signals.send.bind(signals);
    jest.spyOn(signals, 'send').mockImplementation((signal) => {
      sent.push(signal);
      send(signal);
    });
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const enqueue = (queue: string, options = {}) => sut.enqueue('mail.send', null, { queue, ...options });
  const inTransaction = (work: () => Promise<unknown>) => host.run(() => host.hostDatabase.transactional(work));
  const failing = (work: () => Promise<unknown>) => async () => {
    await work();
    throw new Error('no');
  };

  it('is sent at once outside a transaction', async () => {
    await host.run(() => enqueue('a'));
    expect(sent).toEqual([{ queues: ['a'], hasScheduled: false }]);
  });

  it('is sent after the outermost commit, and not when a savepoint is released', async () => {
    await inTransaction(async () => {
      await host.hostDatabase.em.transactional(() => enqueue('a'));
      await enqueue('b');
      expect(sent).toEqual([]);
    });
    expect(sent.map(({ queues }) => queues)).toEqual([['a'], ['b']]);
  });

  it('is not sent for what is rolled back, all of it or a savepoint', async () => {
    await expect(inTransaction(failing(() => enqueue('a')))).rejects.toThrow('no');
    expect(sent).toEqual([]);
    await inTransaction(async () => {
      await expect(host.hostDatabase.em.transactional(failing(() => enqueue('a')))).rejects.toThrow('no');
      await enqueue('b');
    });
    expect(sent).toEqual([{ queues: ['b'], hasScheduled: false }]);
  });

  it('names the queues, and says that some of the jobs are due later', async () => {
    await host.run(() =>
      sut.enqueueMany('mail.send', [
        { payload: 1, queue: 'a' },
        { payload: 2, queue: 'b' },
        { payload: 3, queue: 'a' },
        { payload: 4, queue: 'c', delayMs: 5 },
      ]),
    );
    expect(sent).toEqual([{ queues: ['a', 'b', 'c'], hasScheduled: true }]);
  });

  it('names the queue of a job whose time has come already', async () => {
    await host.run(() => enqueue('a', { delayMs: 0 }));
    await host.run(() => enqueue('b', { runAt: new Date(0) }));
    expect(sent.map(({ queues }) => queues)).toEqual([['a'], ['b']]);
  });

  it('is not sent where a live job has the unique key', async () => {
    await host.run(() => enqueue('a', { uniqueKey: 'one' }));
    await host.run(() => enqueue('a', { uniqueKey: 'one' }));
    expect(sent).toHaveLength(1);
  });

  it('tells of a running job that was cancelled, after the commit, and of no other', async () => {
    const [waiting, running] = await host.run(() => Promise.all([enqueue('a'), enqueue('a')]));
    await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id: running.id }, { status: 'running' }));
    sent.length = 0;
    await host.run(() => sut.cancel(waiting.id));
    await expect(inTransaction(failing(() => sut.cancel(running.id)))).rejects.toThrow('no');
    expect(sent).toEqual([]);
    await inTransaction(() => sut.cancel(running.id));
    expect(sent).toEqual([{ queues: ['a'], cancelled: [running.id] }]);
  });

  it('is sent for each queue of what is redriven', async () => {
    for (const queue of ['a', 'b', 'a']) {
      const { id } = await host.run(() => enqueue(queue));
      await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, { status: 'failed' }));
    }
    sent.length = 0;
    await expect(inTransaction(failing(() => sut.redrive()))).rejects.toThrow('no');
    expect(await host.run(() => sut.redrive())).toBe(3);
    expect(sent).toEqual([{ queues: ['a', 'b'] }]);
  });
});

describe('the wake-up of other processes on PostgreSQL', () => {
  it('is one notification for what one transaction has enqueued, on a connection of its own', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const connection = host.get<DirectConnection>(DIRECT_CONNECTION);
    if (connection.type !== 'postgresql') throw new Error('This is not PostgreSQL.');
    const heard: string[] = [];
    const told = Promise.withResolvers<void>();
    const session = await connection.listen('nestjs_host_database_jobs', (payload) => {
      heard.push(payload);
      if (payload === 'last') told.resolve();
    });

    await host.run(() =>
      host.hostDatabase.transactional(async () => {
        for (const queue of ['a', 'b', 'a']) await host.get(JobsService).enqueue('mail.send', null, { queue });
        await host.get(JobsService).enqueue('mail.send', null, { queue: 'c', delayMs: 5 });
      }),
    );
    // What was begun to be sent is sent before the shutdown.
    await host.get(JobSignals).close();
    await session.query("select pg_notify('nestjs_host_database_jobs', 'last')");
    await told.promise;
    expect(heard.slice(0, -1).map((payload) => JSON.parse(payload) as JobSignal)).toEqual([
      { from: expect.any(String), queues: ['a', 'b', 'c'], cancelled: [], hasScheduled: true },
    ]);
    await session.close();
    await host.close();
  });

  it('goes on after notifications that are not of its kind', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const signals = host.get(JobSignals);
    const foreign = ['x', 'null', '{"queues":5}'];
    const all = Promise.withResolvers<void>();
    let gaps = 0;
    signals.listen(({ isGap = false }) => {
      if (!isGap) return;
      // The first says that it has begun to listen.
      if (gaps++ === 0) void host.run(() => Promise.all(foreign.map((payload) => notify(host, payload))));
      else if (gaps > foreign.length) all.resolve();
    });
    await all.promise;
    expect(signals.isListening).toBe(true);
    await host.close();
  });
});

const notify = (host: TestHost, payload: string) =>
  host.hostDatabase.em.execute("select pg_notify('nestjs_host_database_jobs', ?)", [payload]);
