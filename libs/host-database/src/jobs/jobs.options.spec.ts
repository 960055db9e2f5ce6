import { describe, expect, it } from '@jest/globals';
import { JobsOptions, resolveJobsOptions } from './jobs.options.js';

describe(resolveJobsOptions.name, () => {
  it('needs none', () => {
    expect(resolveJobsOptions(undefined)).toEqual(new JobsOptions());
    expect(resolveJobsOptions({ worker: undefined, concurrency: 3 })).toEqual(
      Object.assign(new JobsOptions(), { concurrency: 3 }),
    );
  });

  it('takes every limit of a queue, and retention for ever', () => {
    const queues = {
      mails: {
        concurrency: 2,
        prefetch: 0,
        maxRunning: 5,
        maxRunningPerTenant: 1,
        maxRunningPerKey: 1,
        rateLimit: { limit: 10, periodMs: 60_000, perTenant: true },
      },
    };
    expect(resolveJobsOptions({ queues, retention: false })).toMatchObject({ queues, retention: false });
  });

  it.each<[string, object]>([
    ['jobs.concurrency', { concurrency: 0 }],
    ['jobs.concurrency', { concurrency: 1.5 }],
    ['jobs.prefetch', { prefetch: -1 }],
    ['jobs.maxAttempts', { maxAttempts: 0 }],
    ['jobs.maxCrashes', { maxCrashes: 0 }],
    ['jobs.timeoutMs', { timeoutMs: 0 }],
    ['jobs.timeoutMs', { timeoutMs: Infinity }],
    ['jobs.heartbeatMs', { heartbeatMs: 5 }],
    ['jobs.deadAfterMs', { heartbeatMs: 1_000, deadAfterMs: 1_999 }],
    ['jobs.pollIntervalMs', { pollIntervalMs: 0 }],
    ['jobs.shutdownGraceMs', { shutdownGraceMs: -1 }],
    ['jobs.abortGraceMs', { abortGraceMs: NaN }],
    ['jobs.parkAfterMs', { parkAfterMs: -1 }],
    ['jobs.queues.Mails', { queues: { Mails: {} } }],
    ['jobs.queues.mails.concurrency', { queues: { mails: { concurrency: 0 } } }],
    ['jobs.queues.mails.prefetch', { queues: { mails: { prefetch: -1 } } }],
    ['jobs.queues.mails.maxRunning', { queues: { mails: { maxRunning: 0 } } }],
    ['jobs.queues.mails.maxRunningPerTenant', { queues: { mails: { maxRunningPerTenant: 0.5 } } }],
    ['jobs.queues.mails.maxRunningPerKey', { queues: { mails: { maxRunningPerKey: -1 } } }],
    ['jobs.queues.mails.rateLimit.limit', { queues: { mails: { rateLimit: { limit: 0, periodMs: 1 } } } }],
    ['jobs.queues.mails.rateLimit.periodMs', { queues: { mails: { rateLimit: { limit: 1, periodMs: 0 } } } }],
    ['jobs.retention.failedDays', { retention: { completedDays: 1, cancelledDays: 1, failedDays: -1 } }],
  ])('refuses a wrong %s', (option, given) => {
    expect(() => resolveJobsOptions(given)).toThrow(expect.objectContaining({ code: 'COMMON_INVALID_OPTION', option }));
  });
});
