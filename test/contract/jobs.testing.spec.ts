import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { genId } from 'nestjs-host-database';
import { JobHandler, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost, JobNotEnqueuedError, type TestHost, type TestJobs } from 'nestjs-host-database/testing';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'orders.send-invoice': { to: { email: string; name?: string }; lines: number[]; at?: Date };
  }
}

@Injectable()
class Orders {
  work: () => unknown = () => 'sent';

  @JobHandler('orders.send-invoice', { retry: { delayMs: 60_000, jitter: 'none' } })
  async sendInvoice(): Promise<unknown> {
    return this.work();
  }

  @JobHandler('orders.pack')
  async pack(): Promise<void> {}
}

describe.each(['sqlite', 'postgresql'] as const)('host.jobs on %s', (database) => {
  let host: TestHost;
  let sut: TestJobs;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [Orders] });
    sut = host.jobs;
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const INVOICE = { to: { email: 'ada@example.com', name: 'Ada' }, lines: [1, 2] };
  const jobs = () => host.get(JobsService);

  describe('runOne', () => {
    it('runs the job whose turn it is, and returns it as it stands then', async () => {
      const [first, second] = await host.run(() =>
        jobs().enqueueMany('orders.send-invoice', [{ payload: INVOICE }, { payload: INVOICE }]),
      );
      expect(await sut.runOne()).toMatchObject({ id: first, status: 'completed', output: 'sent' });
      expect(await sut.runOne()).toMatchObject({ id: second, status: 'completed' });
      expect(await sut.runOne()).toBeUndefined();
    });

    it('runs those of some types only', async () => {
      await host.run(() => jobs().enqueue('orders.send-invoice', INVOICE));
      await host.run(() => jobs().enqueue('orders.pack', null));
      expect(await sut.runOne({ types: ['orders.pack'] })).toMatchObject({ jobType: 'orders.pack' });
      expect(await sut.runOne({ types: ['orders.pack'] })).toBeUndefined();
    });

    it('runs a retry once the clock is there', async () => {
      host.get(Orders).work = () => {
        throw new Error('no');
      };
      await host.run(() => jobs().enqueue('orders.send-invoice', INVOICE));
      expect(await sut.runOne()).toMatchObject({ status: 'scheduled', attempt: 1 });
      expect(await sut.runOne()).toBeUndefined();
      host.clock.advance(60_000);
      expect(await sut.runOne()).toMatchObject({ status: 'scheduled', attempt: 2 });
    });
  });

  it('drain runs what is due, a delayed job once the clock is there', async () => {
    await host.run(() => jobs().enqueue('orders.pack', null, { delayMs: 3_600_000 }));
    await host.run(() => jobs().enqueue('orders.pack', null));
    expect(await sut.drain()).toBe(1);
    host.clock.advance(3_600_000);
    expect(await sut.drain({ types: ['orders.send-invoice'] })).toBe(0);
    expect(await host.runJobs()).toBe(1);
  });

  describe('enqueued and expectEnqueued', () => {
    const tenantId = genId();
    let id: string;

    beforeEach(async () => {
      id = (
        await host.run(() => jobs().enqueue('orders.send-invoice', { ...INVOICE, at: new Date(0) }, { tenantId, queue: 'mails' }))
      ).id;
    });

    it.each([
      [{}],
      [{ payload: {} }],
      [{ payload: { to: { email: 'ada@example.com' } } }],
      [{ payload: { lines: [1, 2], at: new Date(0) } }],
      [{ tenantId, queue: 'mails', count: 1 }],
    ])('find a job by %j', async (match) => {
      expect(await sut.expectEnqueued('orders.send-invoice', match)).toMatchObject([{ id }]);
    });

    it.each([
      [{ payload: { to: { email: 'grace@example.com' } } }],
      [{ payload: { to: { email: 'ada@example.com', name: 'Grace' } } }],
      [{ payload: { lines: [1] } }],
      [{ tenantId: null }],
      [{ tenantId: genId() }],
      [{ queue: 'default' }],
      [{ count: 2 }],
      [{ count: 0 }],
    ])('do not find it by %j', async (expected) => {
      const work = sut.expectEnqueued('orders.send-invoice', expected);
      await expect(work).rejects.toMatchObject({
        code: new JobNotEnqueuedError('', {}, []).code,
        jobType: 'orders.send-invoice',
        expected,
        enqueued: [{ id }],
        message: expect.stringMatching(
          /^Expected .*orders\.send-invoice.*\n- orders\.send-invoice \{ status: 'pending', queue: 'mails'/,
        ),
      });
    });

    it('see all live jobs, and none that has ended', async () => {
      await host.run(() => jobs().enqueue('orders.pack', null, { delayMs: 1_000 }));
      expect((await sut.enqueued()).map(({ jobType, status }) => [jobType, status])).toEqual([
        ['orders.send-invoice', 'pending'],
        ['orders.pack', 'scheduled'],
      ]);
      expect(await sut.enqueued('orders.pack', { tenantId: null })).toHaveLength(1);
      await host.run(() => jobs().cancel(id));
      await sut.expectEnqueued('orders.send-invoice', { count: 0 });
      expect(await sut.enqueued('orders.send-invoice')).toEqual([]);
    });

    it('see what the transaction has enqueued in which they are asked', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(async () => {
          await jobs().enqueue('orders.pack', null);
          expect(await sut.expectEnqueued('orders.pack')).toHaveLength(1);
        }),
      );
    });

    it('say so where there is nothing', async () => {
      await host.run(() => jobs().cancel(id));
      await expect(sut.expectEnqueued('orders.pack')).rejects.toThrow(
        'Expected at least one job orders.pack to be enqueued. Enqueued is: nothing.',
      );
    });
  });
});
