import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { ConnectionQueue } from './connection-queue.js';

/** Blocks the event loop, as a disk that stalls in a synchronous write does. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe('ConnectionQueue', () => {
  it('lets one at a time have the connection, in the order in which they came', async () => {
    const queue = new ConnectionQueue(10_000);
    const order: number[] = [];
    expect(queue.acquire()).toBeUndefined();
    const waits = [1, 2].map((n) => queue.acquire()?.then(() => order.push(n)));

    queue.release();
    await waits[0];
    expect(order).toEqual([1]);
    queue.release();
    await waits[1];
    expect(order).toEqual([1, 2]);

    queue.release();
    expect(queue.acquire()).toBeUndefined();
  });

  describe('with the clock of the test', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });

    afterEach(() => {
      jest.useRealTimers();
    });

    it('fails as busy exactly at the timeout, and the next in the queue is not harmed', async () => {
      const queue = new ConnectionQueue(5_000);
      void queue.acquire();
      const outcomes: unknown[] = [];
      void queue.acquire()?.catch((error: unknown) => outcomes.push(error));
      await jest.advanceTimersByTimeAsync(1_000);
      const next = queue.acquire();

      await jest.advanceTimersByTimeAsync(3_999);
      expect(outcomes).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(outcomes).toEqual([expect.objectContaining({ code: 'SQLITE_BUSY', message: expect.stringContaining('5000 ms') })]);

      queue.release();
      await expect(next).resolves.toBeUndefined();
    });
  });

  it('does not count the time in which the whole process stood still', async () => {
    const queue = new ConnectionQueue(300);
    void queue.acquire();
    const wait = queue.acquire();

    // The holder would have given it back long before the timeout, had the process run; it needs one more turn of the event loop.
    setTimeout(() => setImmediate(() => queue.release()), 20);
    standStill(600);

    await expect(wait).resolves.toBeUndefined();
  });
});
