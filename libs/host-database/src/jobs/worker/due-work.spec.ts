import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { JobScheduler, Tick } from '../schedules/job-scheduler.js';
import type { JobStore, Promotion } from '../store/index.js';
import { DueWork } from './due-work.js';

describe(DueWork.name, () => {
  const tick = jest.fn<() => Promise<Tick>>();
  const promote = jest.fn<() => Promise<Promotion>>();
  const onReady = jest.fn<(queues: readonly string[]) => void>();
  let sut: DueWork;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    tick.mockReset().mockResolvedValue({ enqueued: 0, queues: [], nextSlotMs: undefined });
    promote.mockReset().mockResolvedValue({ queues: [], nextDueMs: undefined });
    onReady.mockReset();
    const scheduler = { tick, names: [] } as unknown as JobScheduler;
    sut = new DueWork({ promote } as unknown as JobStore, scheduler, new Logger(), onReady);
  });
  afterEach(async () => {
    await sut.close();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const due = { nextDueMs: 0, nextSlotMs: undefined };

  it('looks again in a second for a job that is due but in the hands of a transaction', async () => {
    promote.mockResolvedValue({ queues: [], nextDueMs: -5 });
    sut.expect(due);
    await jest.advanceTimersByTimeAsync(900);
    expect(promote).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(promote).toHaveBeenCalledTimes(2);
  });

  it('goes on at once as long as there is more than one batch', async () => {
    promote.mockResolvedValueOnce({ queues: ['mails'], nextDueMs: -5 });
    sut.expect(due);
    await jest.advanceTimersByTimeAsync(10);
    expect(promote).toHaveBeenCalledTimes(2);
  });

  it('makes jobs ready where the schedules fail, and tries these again', async () => {
    tick.mockRejectedValueOnce(new Error('no'));
    promote.mockResolvedValueOnce({ queues: ['mails'], nextDueMs: undefined });
    sut.expect(due);
    await jest.advanceTimersByTimeAsync(10);
    expect(onReady).toHaveBeenLastCalledWith(['mails']);
    await jest.advanceTimersByTimeAsync(1_100);
    expect(tick).toHaveBeenCalledTimes(2);
  });

  it('tells of the queues of slots where the jobs cannot be made ready, and tries that again', async () => {
    tick.mockResolvedValueOnce({ enqueued: 1, queues: ['reports'], nextSlotMs: undefined });
    promote.mockRejectedValueOnce(new Error('no'));
    sut.expect(due);
    await jest.advanceTimersByTimeAsync(10);
    expect(onReady).toHaveBeenLastCalledWith(['reports']);
    await jest.advanceTimersByTimeAsync(1_100);
    expect(promote).toHaveBeenCalledTimes(2);
  });
});
