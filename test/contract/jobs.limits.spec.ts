import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Clock, genId, SystemClock } from 'nestjs-host-database';
import {
  type EnqueueOptions,
  JobHandler,
  type JobRun,
  type JobsOptions,
  JobsService,
  type QueueOptions,
} from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { MachinePauses } from '../support/machine-pauses.js';
import { until } from '../support/until.js';

const LIMITED = 'limited';

@Injectable()
class Handlers {
  readonly begun: JobRun[] = [];
  readonly beganAt: number[] = [];
  private readonly running: string[] = [];
  private readonly gate = Promise.withResolvers<void>();
  /** Nobody ends before so many have begun; the first to see it lets all go on. */
  together = 0;
  /** What a test does when one has begun. */
  onBegun: () => Promise<unknown> = async () => undefined;
  /** The greatest number that ran at the same time, by what they were told apart by. */
  readonly most = new Map<string, number>();

  @JobHandler('tests.do-some', { queue: LIMITED })
  async doSome(run: JobRun): Promise<void> {
    this.begun.push(run);
    this.beganAt.push(performance.now());
    const tenant = `tenant ${run.tenantId}`;
    const marks = ['all', tenant, `${tenant}, key ${String(run.payload)}`];
    this.running.push(...marks);
    for (const mark of marks) {
      const count = this.running.filter((each) => each === mark).length;
      this.most.set(mark, Math.max(this.most.get(mark) ?? 0, count));
    }
    await this.onBegun();
    if (this.begun.length >= this.together) this.gate.resolve();
    await this.gate.promise;
    // Long enough for others to begin, if they may.
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const mark of marks) this.running.splice(this.running.indexOf(mark), 1);
  }
}

describe.each(['sqlite', 'postgresql'] as const)('a queue with limits on %s', (database) => {
  let host: TestHost;
  let tenants: readonly [string, string];

  beforeEach(() => {
    tenants = [genId(), genId()];
  });
  afterEach(async () => {
    await host.close();
  });

  async function start(limits: QueueOptions, jobs: Partial<JobsOptions> = {}): Promise<void> {
    host = await createTestHost({
      database,
      providers: [Handlers],
      options: { jobs: { queues: { [LIMITED]: { concurrency: 10, ...limits } }, pollIntervalMs: 600_000, ...jobs } },
      ...(jobs.worker && { override: (builder) => builder.overrideProvider(Clock).useValue(new SystemClock()) }),
    });
  }

  const enqueue = (count: number, options: EnqueueOptions = {}) =>
    host.run(() =>
      host.get(JobsService).enqueueMany(
        'tests.do-some',
        Array.from({ length: count }, () => ({ payload: options.concurrencyKey ?? null, ...options })),
      ),
    );
  const begun = () => host.get(Handlers).begun;
  const meet = (count: number) => (host.get(Handlers).together = count);
  /** What ran at the same time at most, after everything has run. */
  const run = async (count: number, isWorking: boolean) => {
    if (isWorking) await until(async () => (await host.jobs.enqueued()).length === 0);
    else await host.jobs.drain();
    expect(await host.jobs.enqueued()).toEqual([]);
    expect(begun()).toHaveLength(count);
    return host.get(Handlers).most;
  };

  describe.each([
    ['a drain', false],
    ['a worker', true],
  ])('and %s', (_, worker) => {
    it('runs no more than maxRunning', async () => {
      await start({ maxRunning: 3 }, { worker });
      meet(3);
      await enqueue(12);
      expect((await run(12, worker)).get('all')).toBe(3);
    });

    it('runs no more of a tenant than maxRunningPerTenant', async () => {
      await start({ maxRunningPerTenant: 2 }, { worker });
      meet(4);
      for (const tenantId of tenants) await enqueue(6, { tenantId });
      const most = await run(12, worker);
      expect(tenants.map((tenantId) => most.get(`tenant ${tenantId}`))).toEqual([2, 2]);
    });

    it('runs no more of a key than maxRunningPerKey, and does not let one key hold up another', async () => {
      await start({ maxRunningPerKey: 1 }, { worker });
      meet(3);
      await enqueue(6, { concurrencyKey: 'a' });
      await enqueue(2, { concurrencyKey: 'b' });
      await enqueue(2);
      const most = await run(10, worker);
      expect([most.get('tenant undefined, key a'), most.get('tenant undefined, key b')]).toEqual([1, 1]);
      expect(most.get('all')).toBeGreaterThanOrEqual(3);
    });
  });

  describe('of time', () => {
    it('begins no more in a period than its rate, and goes on when time has passed', async () => {
      await start({ rateLimit: { limit: 3, periodMs: 60_000 } });
      await enqueue(8);
      expect(await host.jobs.drain()).toBe(3);
      expect(await host.jobs.drain()).toBe(0);
      host.clock.advance(20_000);
      expect(await host.jobs.drain()).toBe(1);
      host.clock.advance(3_600_000);
      expect(await host.jobs.drain()).toBe(3);
      host.clock.advance(20_000);
      expect(await host.jobs.drain()).toBe(1);
    });

    it('has a rate for each tenant where it is asked for', async () => {
      await start({ rateLimit: { limit: 2, periodMs: 60_000, perTenant: true } });
      for (const tenantId of tenants) await enqueue(3, { tenantId });
      expect(await host.jobs.drain()).toBe(4);
      for (const tenant of tenants) expect(begun().filter(({ tenantId }) => tenantId === tenant)).toHaveLength(2);
    });

    it('is waited for by the worker, exactly', async () => {
      await start({ rateLimit: { limit: 2, periodMs: 200 } }, { worker: true });
      const enqueuedAt = performance.now();
      await enqueue(5);
      const pauses = new MachinePauses();
      await run(5, true);
      const pausedMs = pauses.end();
      const { beganAt } = host.get(Handlers);
      const [first = 0, last = 0] = [beganAt[0], beganAt.at(-1)];
      // Two at once, then one every 100 ms.
      expect(last - enqueuedAt).toBeGreaterThanOrEqual(290);
      expect(last - first - pausedMs).toBeLessThan(1_500);
    });
  });

  describe('gives every tenant its turn', () => {
    const order = () =>
      begun()
        .map(({ tenantId }) => (tenantId === tenants[0] ? 'a' : 'b'))
        .join('');

    it('however many jobs the others have', async () => {
      await start({ concurrency: 1 });
      await enqueue(6, { tenantId: tenants[0] });
      await enqueue(2, { tenantId: tenants[1] });
      await host.jobs.drain();
      expect(order()).toMatch(/^(abab|baba)aaaa$/);
    });

    it('in a worker too, also where one comes later', async () => {
      await start({ concurrency: 1, prefetch: 0 }, { worker: true });
      host.get(Handlers).onBegun = async () => begun().length === 4 && enqueue(2, { tenantId: tenants[1] });
      await enqueue(20, { tenantId: tenants[0] });
      await until(() => begun().length === 22);
      await run(22, true);
      // A few may have been claimed by then.
      expect(order().indexOf('b')).toBeLessThan(12);
      expect(order()).toMatch(/ba{1,3}b/);
    });

    it('and runs the jobs of one tenant by priority, then in the order of their making', async () => {
      await start({ concurrency: 1 });
      for (const [payload, priority] of [
        ['second', 0],
        ['third', 0],
        ['last', 5],
        ['first', -5],
      ] as const) {
        await host.run(() => host.get(JobsService).enqueue('tests.do-some', payload, { priority }));
      }
      await host.jobs.drain();
      expect(begun().map(({ payload }) => payload)).toEqual(['first', 'second', 'third', 'last']);
    });
  });
});
