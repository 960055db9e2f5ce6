import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { claimedJob } from '../../../test/jobs/claimed-job.js';
import type { JobHandlerOptions } from '../job-handler.decorator.js';
import { Discard, RetryAfter, Snooze } from '../job-control.js';
import {
  InvalidJobPayloadError,
  JobCancelledError,
  JobLeaseLostError,
  JobTimeoutError,
  WorkerShutdownError,
} from '../jobs.errors.js';
import type { ClaimedJob, JobStore } from '../store/index.js';
import { JobAttempt } from './job-attempt.js';
import { endingOf } from './job-ending.js';

const logger = new Logger('Jobs');
const warn = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
const logError = jest.spyOn(logger, 'error').mockImplementation(() => undefined);
const noStore = {} as JobStore;

function attemptAt(facts: Partial<ClaimedJob> = {}, options: JobHandlerOptions = {}): JobAttempt {
  const handler = { name: 'Mails.send()', options, handle: () => undefined };
  return new JobAttempt(claimedJob({ id: 'the-job', ...facts }), handler, { maxAttempts: 3, timeoutMs: 1_000 }, noStore);
}

/** How an attempt ends whose handler threw this, after it was asked to end for that reason. */
function ending(
  error: unknown,
  { reason, ...facts }: Partial<ClaimedJob> & { reason?: Error } = {},
  options?: JobHandlerOptions,
) {
  const attempt = attemptAt(facts, options);
  if (reason) attempt.abort(reason);
  return endingOf(attempt, error, logger);
}

const claim = { id: 'the-job', claimToken: 1 };
const failed = (text: string) => ({ ...claim, status: 'failed', error: expect.stringContaining(text) });
const retried = (text: string, delayMs: unknown = expect.any(Number)) => ({
  ...claim,
  status: 'scheduled',
  delayMs,
  error: expect.stringContaining(text),
});

afterEach(() => {
  warn.mockClear();
  logError.mockClear();
});

describe(endingOf.name, () => {
  it('retries an error until the attempts are used up', () => {
    expect(ending(new Error('no'), { attempt: 1 })).toEqual(retried('Attempt 1: Error: no'));
    expect(ending(new Error('no'), { attempt: 2 })).toEqual(retried('Attempt 2: Error: no'));
    expect(ending(new Error('no'), { attempt: 3 })).toEqual(failed('Attempt 3: Error: no'));
    expect(logError).toHaveBeenCalledTimes(3);
  });

  it("takes the job's own number of attempts before its handler's, and that before the default", () => {
    const retry = { maxAttempts: 2 };
    expect(ending(new Error('no'), { attempt: 2 }, { retry })).toMatchObject({ status: 'failed' });
    expect(ending(new Error('no'), { attempt: 2, maxAttempts: 5 }, { retry })).toMatchObject({ status: 'scheduled' });
    expect(ending(new Error('no'), { attempt: 5, maxAttempts: 5 }, { retry })).toMatchObject({ status: 'failed' });
  });

  it("waits as the handler's policy says", () => {
    const retry = { delayMs: 70, factor: 3, jitter: 'none' } as const;
    expect(ending(new Error('no'), { attempt: 2 }, { retry })).toEqual(retried('no', 210));
  });

  it.each([
    ['RetryAfter', new RetryAfter(1_234), retried('Try again after 1234 ms', 1_234)],
    ['Discard', new Discard('never'), failed('Discard: never')],
    ['a payload that its schema refuses', new InvalidJobPayloadError('mail.send', ['no']), failed('InvalidJobPayloadError')],
    ['Snooze', new Snooze(1_234), { ...claim, status: 'scheduled', delayMs: 1_234, isRefunded: true }],
  ])('does what %s means', (_, error, expected) => {
    expect(ending(error)).toEqual(expected);
  });

  it('lets the last attempt count for RetryAfter, and not for Snooze', () => {
    expect(ending(new RetryAfter(1), { attempt: 3 })).toMatchObject({ status: 'failed' });
    expect(ending(new Snooze(1), { attempt: 3 })).toMatchObject({ status: 'scheduled', isRefunded: true });
  });

  it('asks shouldRetry about the error and the attempt', () => {
    const shouldRetry = jest.fn((error: unknown) => !(error instanceof TypeError));
    expect(ending(new TypeError('no'), {}, { retry: { shouldRetry } })).toMatchObject({ status: 'failed' });
    expect(ending(new RangeError('no'), { attempt: 2 }, { retry: { shouldRetry } })).toMatchObject({ status: 'scheduled' });
    expect(shouldRetry.mock.calls).toEqual([
      [expect.any(TypeError), 1],
      [expect.any(RangeError), 2],
    ]);
  });

  it('retries where shouldRetry itself fails, and says so', () => {
    const shouldRetry = () => {
      throw new Error('the policy is broken');
    };
    expect(ending(new Error('no'), {}, { retry: { shouldRetry } })).toEqual(retried('Error: no'));
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/Mails\.send\(\).*the policy is broken/));
  });

  it('records nothing of an attempt whose job is no longer its own', () => {
    for (const reason of [new JobCancelledError('the-job'), new JobLeaseLostError('the-job')]) {
      expect(ending(new Error('aborted'), { reason })).toBe('lost');
      expect(ending(reason)).toBe('lost');
    }
    expect(logError).not.toHaveBeenCalled();
  });

  it('gives a job back that a shutdown has ended, without counting the attempt', () => {
    const reason = new WorkerShutdownError('the-job');
    expect(ending(new Error('aborted'), { reason, attempt: 3 })).toEqual({ ...claim, status: 'pending', isRefunded: true });
  });

  it('counts a timeout as a failure, and keeps what the handler said about where it was', () => {
    const reason = new JobTimeoutError('the-job', 1_000);
    const outcome = ending(new Error('stopped at page 7'), { reason });
    expect(outcome).toEqual(retried('JobTimeoutError'));
    expect(outcome).toEqual(retried('stopped at page 7'));
    expect(ending(reason, { reason, attempt: 3 })).toEqual(failed('JobTimeoutError'));
  });

  it.each([
    ['a string', 'just a text', 'just a text'],
    ['nothing', undefined, 'undefined'],
    ['an object', { code: 7 }, '{ code: 7 }'],
    ['an error without a stack', Object.assign(new Error('bare'), { stack: undefined }), 'Error: bare'],
    ['an error with an odd stack', Object.assign(new Error('odd'), { stack: 7 }), 'odd'],
    ['half an emoji', new Error('cut: \ud83d'), 'cut: \ufffd'],
    ['a NUL', new Error('a bad byte: \0'), 'a bad byte: \u2400'],
  ])('keeps %s that was thrown', (_, thrown, text) => {
    expect(ending(thrown)).toEqual(retried(text));
  });

  it.each([NaN, -1, Infinity, 1e15])('refuses to wait for %p ms, which is no time to wait', (delayMs) => {
    for (const Control of [RetryAfter, Snooze]) {
      expect(() => new Control(delayMs)).toThrow(expect.objectContaining({ code: 'COMMON_INVALID_INPUT', field: 'delayMs' }));
    }
  });

  it('cuts an error that is longer than anybody reads', () => {
    const outcome = ending(new Error('x'.repeat(1_000_000)));
    expect(outcome).toMatchObject({ error: expect.stringMatching(/^Attempt 1: Error: x{1000,20000}$/) });
  });
});
