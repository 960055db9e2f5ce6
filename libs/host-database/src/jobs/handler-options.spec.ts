import { describe, expect, it } from '@jest/globals';
import { assertHandlerOptions } from './handler-options.js';
import type { JobHandlerOptions } from './job-handler.decorator.js';

const HANDLER = 'Mails.sendWelcome()';

describe(assertHandlerOptions.name, () => {
  it.each<JobHandlerOptions>([
    {},
    { queue: 'mails', timeoutMs: 1, transactional: true },
    { retry: { maxAttempts: 1, delayMs: 0, maxDelayMs: 0, factor: 1, jitter: 'none' } },
    { retry: { factor: 1.5, jitter: 'full' } },
  ])('takes %j', (options) => {
    expect(() => assertHandlerOptions(HANDLER, options)).not.toThrow();
  });

  it.each<[string, object]>([
    ['queue', { queue: 'Mails' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Infinity }],
    ['retry.maxAttempts', { retry: { maxAttempts: 0 } }],
    ['retry.delayMs', { retry: { delayMs: -1 } }],
    ['retry.maxDelayMs', { retry: { maxDelayMs: NaN } }],
    ['retry.maxDelayMs', { retry: { maxDelayMs: 1e15 } }],
    ['retry.factor', { retry: { factor: 0.9 } }],
    ['retry.factor', { retry: { factor: Infinity } }],
    ['retry.jitter', { retry: { jitter: 'some' } }],
  ])('names the handler and its wrong %s', (option, options) => {
    expect(() => assertHandlerOptions(HANDLER, options)).toThrow(
      expect.objectContaining({ code: 'COMMON_INVALID_OPTION', option: `${option} of @JobHandler on ${HANDLER}` }),
    );
  });
});
