import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RepeatingTask } from './repeating-task.js';

describe(RepeatingTask.name, () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  it('runs again after as long as the run says', async () => {
    const run = jest.fn(async () => 100);
    const sut = new RepeatingTask({ run, retryMs: 1, onError: jest.fn() });
    sut.start(50);
    await pass(49);
    expect(run).toHaveBeenCalledTimes(0);
    await pass(1);
    expect(run).toHaveBeenCalledTimes(1);
    await pass(200);
    expect(run).toHaveBeenCalledTimes(3);
    await sut.stop(1_000);
    await pass(1_000);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('waits longer after each failure, up to a minute, and not after a success', async () => {
    let isDown = true;
    const startedAt: number[] = [];
    const run = jest.fn(async () => {
      startedAt.push(Date.now());
      if (isDown) throw new Error('down');
      return 5;
    });
    const onError = jest.fn();
    const sut = new RepeatingTask({ run, retryMs: 10_000, onError });
    sut.start(0);
    await pass(200_000);
    const gaps = startedAt.slice(1).map((at, index) => at - startedAt[index]!);
    expect(gaps).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(onError).toHaveBeenCalledTimes(6);
    isDown = false;
    await pass(60_000);
    const calls = run.mock.calls.length;
    await pass(50);
    expect(run.mock.calls.length - calls).toBe(10);
    await sut.stop(1_000);
  });

  it('lets a run end before it has stopped', async () => {
    const gate = Promise.withResolvers<number>();
    const sut = new RepeatingTask({ run: () => gate.promise, retryMs: 1, onError: jest.fn() });
    sut.start(0);
    await pass(0);
    let isStopped = false;
    const stopping = sut.stop(1_000).then(() => (isStopped = true));
    await pass(10);
    expect(isStopped).toBe(false);
    gate.resolve(1);
    await stopping;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends what runs too long by its signal, and leaves to itself what does not hear', async () => {
    const onError = jest.fn();
    const hears = new RepeatingTask({
      run: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      retryMs: 1,
      onError,
    });
    const isDeaf = new RepeatingTask({ run: () => new Promise(() => undefined), retryMs: 1, onError });
    for (const task of [hears, isDeaf]) task.start(0);
    await pass(0);
    const stopping = Promise.all([hears.stop(1_000), isDeaf.stop(1_000)]);
    await pass(1_500);
    expect(await stopping).toEqual([true, false]);
    expect(onError).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});
