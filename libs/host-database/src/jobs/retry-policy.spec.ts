import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { retryDelayMs } from './retry-policy.js';

const policies = fc.record({
  delayMs: fc.integer({ min: 0, max: 86_400_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxDelayMs: fc.integer({ min: 0, max: 30 * 86_400_000 }),
});
const attempts = fc.integer({ min: 1, max: 5_000 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe(retryDelayMs.name, () => {
  it('never waits longer than the policy says, nor a negative time, whatever the attempt', () => {
    fc.assert(
      fc.property(policies, attempts, randoms, (policy, attempt, random) => {
        const delay = retryDelayMs(policy, attempt, () => random);
        const limit = Math.min(policy.maxDelayMs, policy.delayMs === 0 ? 0 : policy.delayMs * policy.factor ** (attempt - 1));
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('spreads the waits over all of that', () => {
    fc.assert(
      fc.property(policies, attempts, (policy, attempt) => {
        const limit = retryDelayMs({ ...policy, jitter: 'none' }, attempt);
        expect(retryDelayMs(policy, attempt, () => 0)).toBe(0);
        expect(retryDelayMs(policy, attempt, () => 0.5)).toBeCloseTo(limit / 2);
      }),
    );
  });

  it('never waits less for a later attempt, without jitter', () => {
    fc.assert(
      fc.property(policies, attempts, (policy, attempt) => {
        const [first, second] = [attempt, attempt + 1].map((each) => retryDelayMs({ ...policy, jitter: 'none' }, each));
        expect(second).toBeGreaterThanOrEqual(first ?? 0);
      }),
    );
  });

  it('doubles from a second to an hour, unless told otherwise', () => {
    const waits = [1, 2, 3, 12, 13, 1_000].map((attempt) => retryDelayMs({ jitter: 'none' }, attempt));
    expect(waits).toEqual([1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000]);
  });

  it('is nothing for a delay of nothing, however many attempts there were', () => {
    expect(retryDelayMs({ delayMs: 0 }, 5_000)).toBe(0);
  });

  it('is random by default', () => {
    const waits = new Set(Array.from({ length: 10 }, () => retryDelayMs({}, 10)));
    expect(waits.size).toBeGreaterThan(1);
  });
});
