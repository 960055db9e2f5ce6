import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../common/index.js';
import { type BillingOptions, resolveBillingOptions } from './billing.options.js';

describe(resolveBillingOptions, () => {
  it.each([
    ['billing.graceDays', { graceDays: -1 }],
    ['billing.policy.restrictedDays', { policy: { restrictedDays: 0.5 } }],
    ['billing.policy.openDispute', { policy: { openDispute: 'maybe' } }],
    ['billing.memory.maxEntries', { memory: { maxEntries: 0 } }],
    ['billing.memory.ttlMs', { memory: { ttlMs: Number.NaN } }],
    ['billing.portalUrl', { portalUrl: 'https://app.example.com' }],
    ['billing.features', { features: { 'An API': {} } }],
    ['billing.limits', { limits: { seats: {} } }],
  ])('names %s where it is wrong', (name, given) => {
    const resolve = () => resolveBillingOptions(given as unknown as BillingOptions);
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(name);
  });

  it('has defaults, and keeps what is given', () => {
    expect(resolveBillingOptions()).toMatchObject({
      freePlan: 'free',
      trialPlan: undefined,
      policy: { graceDays: 14, restrictedDays: 14 },
      memory: { maxEntries: 10_000, ttlMs: 60_000 },
    });
    const given = { graceDays: 7, policy: { restrictedDays: 0 }, memory: { ttlMs: 0 } };
    expect(resolveBillingOptions(given)).toMatchObject({
      policy: { graceDays: 7, restrictedDays: 0 },
      memory: { maxEntries: 10_000, ttlMs: 0 },
    });
  });
});
