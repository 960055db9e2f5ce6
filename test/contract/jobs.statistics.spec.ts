import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsolationLevel } from '@mikro-orm/core';
import { Injectable, Logger } from '@nestjs/common';
import { HostDatabase, type SystemJob } from 'nestjs-host-database';
import { type EnqueueOptions, JobHandler, JobsService, type QueueStatistics } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

@Injectable()
class Handlers {
  work: () => unknown = () => undefined;

  @JobHandler('tests.do-some', { retry: { maxAttempts: 1 } })
  async doSome(): Promise<unknown> {
    return this.work();
  }
}

const NOTHING: Omit<QueueStatistics, 'queue'> = {
  pending: 0,
  scheduled: 0,
  running: 0,
  blocked: 0,
  parked: 0,
  failed: 0,
  oldestPendingAgeMs: undefined,
};

describe.each(['sqlite', 'postgresql'] as const)('statistics of the queue on %s', (database) => {
  let host: TestHost;
  let sut: JobsService;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [Handlers] });
    sut = host.get(JobsService);
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const enqueue = (options: EnqueueOptions = {}) => host.run(() => sut.enqueue('tests.do-some', null, options));
  const setStatus = ({ id }: SystemJob, status: SystemJob['status']) =>
    host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, { status }));

  it('are empty at first', async () => {
    expect(await sut.statistics()).toEqual({ queues: [], workers: [], oldestTransaction: undefined });
  });

  it('count what each queue has before it and how long it has waited, and no history', async () => {
    await enqueue();
    await host.jobs.drain();
    host.get(Handlers).work = () => {
      throw new Error('no');
    };
    await enqueue();
    await host.jobs.drain();
    await enqueue({ delayMs: 60_000 });
    for (const status of ['blocked', 'parked', 'running'] as const) await setStatus(await enqueue(), status);
    await enqueue({ queue: 'mails' });
    host.clock.advance(5_000);
    await enqueue({ queue: 'mails' });

    const { queues } = await sut.statistics();
    expect(queues.toSorted((a, b) => (a.queue < b.queue ? -1 : 1))).toEqual([
      { ...NOTHING, queue: 'default', scheduled: 1, running: 1, blocked: 1, parked: 1, failed: 1 },
      { ...NOTHING, queue: 'mails', pending: 2, oldestPendingAgeMs: 5_000 },
    ]);
  });

  it('name the workers, and what they run', async () => {
    const seen = Promise.withResolvers<unknown>();
    host.get(Handlers).work = async () => {
      host.clock.advance(1_000);
      seen.resolve((await sut.statistics()).workers);
    };
    await enqueue();
    const startedAt = host.clock.now();
    await host.jobs.drain();
    expect(await seen.promise).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        host: expect.any(String),
        pid: process.pid,
        queues: ['default'],
        startedAt,
        lastBeatAgeMs: 1_000,
        running: 1,
      },
    ]);
    expect((await sut.statistics()).workers).toEqual([]);
  });
});

describe('statistics of the queue, on PostgreSQL alone,', () => {
  it('name the transaction that keeps dead rows from being removed', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const other = await HostDatabase.open({ database: host.options.database ?? {} });
    const sut = host.get(JobsService);

    await other.run(async (em) => {
      await em.begin({ isolationLevel: IsolationLevel.REPEATABLE_READ });
      const [session]: { pid: number }[] = await em.execute('select pg_backend_pid() as pid');
      const { oldestTransaction } = await sut.statistics();
      expect(oldestTransaction).toEqual({
        pid: session?.pid,
        ageMs: expect.any(Number),
        applicationName: expect.any(String),
        state: 'idle in transaction',
      });
      expect(oldestTransaction?.ageMs).toBeGreaterThanOrEqual(0);
    });
    expect((await sut.statistics()).oldestTransaction).toBeUndefined();
    await other.close();
    await host.close();
  });
});
