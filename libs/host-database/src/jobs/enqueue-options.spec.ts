import { describe, expect, it } from '@jest/globals';
import { genId, InvalidIdError, InvalidInputError } from '../common/index.js';
import { assertEnqueueOptions, type EnqueueOptions } from './enqueue-options.js';

const TEN_YEARS_MS = 10 * 366 * 86_400_000;

describe(assertEnqueueOptions.name, () => {
  it.each<EnqueueOptions>([
    {},
    { tenantId: genId(), queue: 'mails.eu-1_a', priority: -5, maxAttempts: 1, uniqueKey: 'one', concurrencyKey: 'ü' },
    { queue: 'x'.repeat(63), priority: 2_147_483_647, maxAttempts: 2_147_483_647 },
    { priority: -2_147_483_648 },
    { delayMs: 0 },
    { delayMs: 0.5 },
    { delayMs: TEN_YEARS_MS },
    { runAt: new Date(0) },
  ])('takes %j', (options) => {
    expect(() => assertEnqueueOptions(options)).not.toThrow();
  });

  it.each<[string, object]>([
    ['queue', { queue: '' }],
    ['queue', { queue: 'Mails' }],
    ['queue', { queue: '-mails' }],
    ['queue', { queue: 'x'.repeat(64) }],
    ['queue', { queue: 7 }],
    ['priority', { priority: 1.5 }],
    ['priority', { priority: NaN }],
    ['priority', { priority: -2_147_483_649 }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['maxAttempts', { maxAttempts: 2_147_483_648 }],
    ['uniqueKey', { uniqueKey: '' }],
    ['uniqueKey', { uniqueKey: 'x'.repeat(256) }],
    ['uniqueKey', { uniqueKey: 'a ' }],
    ['uniqueKey', { uniqueKey: 'half an emoji: \ud83d' }],
    ['concurrencyKey', { concurrencyKey: 'a\0b' }],
    ['concurrencyKey', { concurrencyKey: `a${' '.repeat(300)}` }],
    ['delayMs', { delayMs: -1 }],
    ['delayMs', { delayMs: NaN }],
    ['delayMs', { delayMs: TEN_YEARS_MS + 1 }],
    ['delayMs', { delayMs: '5' }],
    ['runAt', { runAt: new Date(NaN) }],
    ['runAt', { runAt: '2030-01-01' }],
    ['runAt', { runAt: new Date(-1) }],
    ['runAt', { runAt: new Date(8.64e15) }],
    ['runAt', { runAt: new Date(), delayMs: 5 }],
  ])('refuses a wrong %s: %j', (field, options) => {
    expect(() => assertEnqueueOptions(options)).toThrow(
      expect.objectContaining({ code: new InvalidInputError('', '').code, field }),
    );
  });

  it('refuses a malformed tenant id', () => {
    expect(() => assertEnqueueOptions({ tenantId: 'acme' })).toThrow(InvalidIdError);
  });
});
