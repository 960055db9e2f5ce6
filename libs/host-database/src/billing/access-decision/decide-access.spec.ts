import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import type { AccessLevel, AccessReason } from './access-decision.js';
import { AccessPolicy, resolveAccessPolicy } from './access-policy.js';
import { decideAccess } from './decide-access.js';
import type { SubscriptionState } from './subscription-state.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const policy = new AccessPolicy();

/** So many milliseconds from now. */
const at = (ms: number) => new Date(NOW.getTime() + ms);

/** At Stripe, where it can be asked for. */
const stripe = { paymentType: 'subscription', stripeSubId: 'sub_1' } as const;
/** The installation's own. */
const own = { paymentType: 'subscription' } as const;
const purchase = { paymentType: 'one_time' } as const;

type Case = readonly [string, SubscriptionState, AccessLevel, AccessReason, needsRefresh?: boolean];

const SKEW = policy.clockSkewMs;
const REFRESH = policy.refreshHours * HOUR;
const GRACE = policy.graceDays * DAY;
const RESTRICTED = policy.restrictedDays * DAY;
const pastDue = (ms: number) => ({ ...stripe, status: 'past_due', firstPastDueAt: at(ms) });

const CASES: readonly Case[] = [
  ['a trial a day before its end', { ...stripe, status: 'trialing', trialEnd: at(DAY) }, 'full', 'trial'],
  ['a trial 1 ms before its end', { ...stripe, status: 'trialing', trialEnd: at(1) }, 'full', 'trial'],
  ['a trial at its end, within the skew', { ...stripe, status: 'trialing', trialEnd: at(0) }, 'full', 'trial'],
  ['a trial 1 ms before the skew is over', { ...stripe, status: 'trialing', trialEnd: at(1 - SKEW) }, 'full', 'trial'],
  ['a trial when the skew is over', { ...stripe, status: 'trialing', trialEnd: at(-SKEW) }, 'full', 'trial', true],
  [
    'a trial of which nothing was heard, for 1 ms more',
    { ...stripe, status: 'trialing', trialEnd: at(1 - REFRESH) },
    'full',
    'trial',
    true,
  ],
  [
    'a trial of which nothing was heard for too long',
    { ...stripe, status: 'trialing', trialEnd: at(-REFRESH) },
    'blocked',
    'trial-ended',
    true,
  ],
  ['a trial without an end', { ...stripe, status: 'trialing' }, 'blocked', 'trial-ended', true],
  [
    'a trial with an end that is no date',
    { ...stripe, status: 'trialing', trialEnd: new Date(Number.NaN) },
    'blocked',
    'trial-ended',
    true,
  ],
  ['an own trial 1 ms before its end', { ...own, status: 'trialing', trialEnd: at(1) }, 'full', 'trial'],
  ['an own trial at its end', { ...own, status: 'trialing', trialEnd: at(0) }, 'blocked', 'trial-ended'],
  ['an own trial without an end', { ...own, status: 'trialing', trialEnd: null }, 'blocked', 'trial-ended'],

  ['an active one', { ...stripe, status: 'active', currentPeriodEnd: at(DAY) }, 'full', 'paid'],
  ['an active one whose period is not known', { ...stripe, status: 'active' }, 'full', 'paid'],
  ['an active one past its period', { ...stripe, status: 'active', currentPeriodEnd: at(-DAY) }, 'full', 'paid'],
  [
    'an active one 1 ms before its renewal is overdue',
    { ...stripe, status: 'active', currentPeriodEnd: at(1 - REFRESH) },
    'full',
    'paid',
  ],
  [
    'an active one whose renewal is overdue',
    { ...stripe, status: 'active', currentPeriodEnd: at(-REFRESH) },
    'full',
    'paid',
    true,
  ],
  [
    'an active one whose renewal is overdue for a year',
    { ...stripe, status: 'active', currentPeriodEnd: at(-365 * DAY) },
    'full',
    'paid',
    true,
  ],
  ['an own active one past its period', { ...own, status: 'active', currentPeriodEnd: at(-365 * DAY) }, 'full', 'paid'],
  ['one that is to be canceled', { ...stripe, status: 'active', cancelAt: at(DAY) }, 'full', 'paid'],
  ['one 1 ms before it ends', { ...stripe, status: 'active', cancelAt: at(1) }, 'full', 'paid'],
  ['one at its end, within the skew', { ...stripe, status: 'active', cancelAt: at(0) }, 'full', 'paid'],
  ['one 1 ms before the skew is over', { ...stripe, status: 'active', cancelAt: at(1 - SKEW) }, 'full', 'paid'],
  ['one behind its end', { ...stripe, status: 'active', cancelAt: at(-SKEW) }, 'full', 'paid', true],
  [
    'one behind its end, of which nothing was heard, for 1 ms more',
    { ...stripe, status: 'active', cancelAt: at(1 - REFRESH) },
    'full',
    'paid',
    true,
  ],
  [
    'one behind its end, of which nothing was heard for too long',
    { ...stripe, status: 'active', cancelAt: at(-REFRESH) },
    'blocked',
    'ended',
    true,
  ],
  ['one with an end that is no date', { ...stripe, status: 'active', cancelAt: new Date(Number.NaN) }, 'blocked', 'ended', true],
  [
    'one that ends with its period, before',
    { ...stripe, status: 'active', cancelAtPeriodEnd: true, currentPeriodEnd: at(1) },
    'full',
    'paid',
  ],
  [
    'one that ends with its period, behind',
    { ...stripe, status: 'active', cancelAtPeriodEnd: true, currentPeriodEnd: at(-SKEW) },
    'full',
    'paid',
    true,
  ],
  [
    'one that ended with its period long ago',
    { ...stripe, status: 'active', cancelAtPeriodEnd: true, currentPeriodEnd: at(-REFRESH) },
    'blocked',
    'ended',
    true,
  ],
  ['an own one 1 ms before it ends', { ...own, status: 'active', cancelAt: at(1) }, 'full', 'paid'],
  ['an own one at its end', { ...own, status: 'active', cancelAt: at(0) }, 'blocked', 'ended'],
  [
    'one whose invoices are not collected',
    { ...stripe, status: 'active', isCollectionPaused: true },
    'full',
    'collection-paused',
  ],

  ['one past due since now', pastDue(0), 'grace', 'past-due'],
  ['one 1 ms before its grace ends', pastDue(1 - GRACE), 'grace', 'past-due'],
  ['one when its grace ends', pastDue(-GRACE), 'restricted', 'past-due'],
  ['one 1 ms after its grace', pastDue(-GRACE - 1), 'restricted', 'past-due'],
  ['one 1 ms before it is blocked', pastDue(1 - GRACE - RESTRICTED), 'restricted', 'past-due'],
  ['one when it is blocked', pastDue(-GRACE - RESTRICTED), 'blocked', 'past-due'],
  ['one past due for a year', pastDue(-365 * DAY), 'blocked', 'past-due'],
  ['one with 1 ms of the grace that was promised', { ...pastDue(-GRACE - DAY), graceUntil: at(1) }, 'grace', 'past-due'],
  ['one at the end of the grace that was promised', { ...pastDue(-DAY), graceUntil: at(0) }, 'restricted', 'past-due'],
  [
    'one 1 ms before it is blocked, by the promise',
    { ...pastDue(-DAY), graceUntil: at(1 - RESTRICTED) },
    'restricted',
    'past-due',
  ],
  ['one that is blocked, by the promise', { ...pastDue(-DAY), graceUntil: at(-RESTRICTED) }, 'blocked', 'past-due'],
  ['one past due since nobody knows when', { ...stripe, status: 'past_due' }, 'restricted', 'past-due', true],
  ['an own one past due since nobody knows when', { ...own, status: 'past_due' }, 'restricted', 'past-due'],
  [
    'one past due since what is no date',
    { ...stripe, status: 'past_due', firstPastDueAt: new Date(Number.NaN) },
    'restricted',
    'past-due',
    true,
  ],
  ['one in grace 1 ms before it ends for good', { ...pastDue(-DAY), cancelAt: at(1) }, 'grace', 'past-due'],
  ['one in grace that has ended for good', { ...pastDue(-DAY), cancelAt: at(0) }, 'blocked', 'ended', true],
  [
    'one in grace canceled for an end of its period that has passed',
    { ...pastDue(-DAY), cancelAtPeriodEnd: true, currentPeriodEnd: at(0) },
    'blocked',
    'ended',
    true,
  ],
  [
    'one in grace canceled for a later end of its period',
    { ...pastDue(-DAY), cancelAtPeriodEnd: true, currentPeriodEnd: at(DAY) },
    'grace',
    'past-due',
  ],

  ['an unpaid one', { ...stripe, status: 'unpaid' }, 'blocked', 'unpaid'],
  ['an unpaid one in what was its grace', { ...stripe, status: 'unpaid', graceUntil: at(DAY) }, 'blocked', 'unpaid'],
  ['a paused one', { ...stripe, status: 'paused' }, 'blocked', 'paused'],
  ['a paused one in its trial', { ...stripe, status: 'paused', trialEnd: at(DAY) }, 'blocked', 'paused'],
  ['a canceled one', { ...stripe, status: 'canceled' }, 'blocked', 'ended'],
  ['a canceled one in what was its period', { ...stripe, status: 'canceled', currentPeriodEnd: at(DAY) }, 'blocked', 'ended'],
  ['a canceled one in what was its grace', { ...stripe, status: 'canceled', graceUntil: at(DAY) }, 'blocked', 'ended'],
  ['an incomplete one', { ...stripe, status: 'incomplete' }, 'blocked', 'payment-pending'],
  ['one that was never completed', { ...stripe, status: 'incomplete_expired' }, 'blocked', 'ended'],
  [
    'a status that Stripe may have tomorrow',
    { ...stripe, status: 'resting', currentPeriodEnd: at(DAY) },
    'blocked',
    'unknown-status',
    true,
  ],
  ['an own status that is none', { ...own, status: '' }, 'blocked', 'unknown-status'],
  ['a status in capitals', { ...stripe, status: 'ACTIVE' }, 'blocked', 'unknown-status', true],

  ['one that was bought twice', { ...stripe, status: 'active', duplicateOf: 'a'.repeat(32) }, 'blocked', 'duplicate'],

  ['a purchase that is paid', { ...purchase, status: 'active', paymentStatus: 'paid' }, 'full', 'paid'],
  ['a purchase that costs nothing', { ...purchase, status: 'active', paymentStatus: 'no_payment_required' }, 'full', 'paid'],
  ['a purchase of which only the row is known', { ...purchase, status: 'active' }, 'full', 'paid'],
  ['a purchase that has not settled', { ...purchase, status: 'active', paymentStatus: 'unpaid' }, 'blocked', 'payment-pending'],
  [
    'a purchase with a payment status that is not known',
    { ...purchase, status: 'active', paymentStatus: 'maybe' },
    'blocked',
    'payment-pending',
  ],
  [
    'a purchase that is not completed',
    { ...purchase, status: 'incomplete', paymentStatus: 'paid' },
    'blocked',
    'payment-pending',
  ],
  ['a purchase whose payment has failed', { ...purchase, status: 'incomplete_expired' }, 'blocked', 'ended'],
  ['a purchase that was taken back', { ...purchase, status: 'canceled', paymentStatus: 'paid' }, 'blocked', 'ended'],
  [
    'a purchase that was paid back',
    { ...purchase, status: 'active', paymentStatus: 'paid', isRefunded: true },
    'blocked',
    'refunded',
  ],
  [
    'a purchase in dispute',
    { ...purchase, status: 'active', paymentStatus: 'paid', dispute: 'open' },
    'restricted',
    'dispute-open',
  ],
  ['a purchase whose dispute was won', { ...purchase, status: 'active', paymentStatus: 'paid', dispute: 'won' }, 'full', 'paid'],
  [
    'a purchase whose dispute was lost',
    { ...purchase, status: 'active', paymentStatus: 'paid', dispute: 'lost' },
    'blocked',
    'dispute-lost',
  ],
  [
    'a purchase with the status of a subscription',
    { ...purchase, status: 'trialing', trialEnd: at(DAY) },
    'blocked',
    'unknown-status',
  ],
];

describe(decideAccess, () => {
  it.each(CASES)('decides of %s', (_, subscription, level, reason, needsRefresh = false) => {
    const { decision } = decideAccess({ subscriptions: [subscription] }, { now: NOW, policy });
    expect(decision).toMatchObject({ level, reason, needsRefresh, status: subscription.status });
  });

  it('has a table that says something', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60);
    expect(new Set(CASES.map(([title]) => title)).size).toBe(CASES.length);
  });

  it.each([
    ['1 ms before its end', 1, 'full', 'trial'],
    ['at its end', 0, 'blocked', 'trial-ended'],
    ['long after', -365 * DAY, 'blocked', 'trial-ended'],
  ] as const)("decides of the host's trial %s", (_, ms, level, reason) => {
    const { decision, subscription } = decideAccess({ subscriptions: [], trial: { endsAt: at(ms) } }, { now: NOW, policy });
    expect(decision).toMatchObject({ level, reason, status: 'trial' });
    expect(subscription).toBeUndefined();
  });

  it('lets nobody in who has nothing', () => {
    const { decision } = decideAccess({ subscriptions: [] }, { now: NOW, policy });
    expect(decision).toMatchObject({ level: 'blocked', reason: 'no-subscription', status: 'none', until: null });
  });

  it('names the moment from which it decides otherwise, for each case', () => {
    const moved = CASES.filter(([, subscription]) => {
      const before = decideAccess({ subscriptions: [subscription] }, { now: NOW, policy }).decision;
      if (!before.until) return false;
      const levelAt = (ms: number) =>
        decideAccess({ subscriptions: [subscription] }, { now: new Date(before.until!.getTime() + ms), policy }).decision.level;
      expect(levelAt(-1)).toBe(before.level);
      expect(levelAt(0)).not.toBe(before.level);
      return true;
    });
    expect(moved.length).toBeGreaterThan(10);
  });

  it('promises the same end of the grace in grace, in restriction and after', () => {
    for (const [ms, level] of [
      [0, 'grace'],
      [-GRACE, 'restricted'],
      [-GRACE - RESTRICTED, 'blocked'],
    ] as const) {
      const { decision } = decideAccess({ subscriptions: [pastDue(ms)] }, { now: NOW, policy });
      expect(decision).toMatchObject({ level, graceUntil: at(ms + GRACE) });
    }
  });

  it('takes the best of what a tenant has, and the first of equals', () => {
    const canceled = { ...stripe, status: 'canceled' };
    const active = { ...stripe, status: 'active' };
    const bought = { ...purchase, status: 'active' };
    const trial = { endsAt: at(DAY) };
    const decide = (subscriptions: SubscriptionState[], withTrial = false) =>
      decideAccess({ subscriptions, ...(withTrial && { trial }) }, { now: NOW, policy });
    expect(decide([canceled, active, bought]).subscription).toBe(active);
    expect(decide([canceled, bought, active]).subscription).toBe(bought);
    expect(decide([canceled], true).decision).toMatchObject({ level: 'full', status: 'trial' });
    expect(decide([active], true).subscription).toBe(active);
    expect(decide([canceled, pastDue(-DAY)]).decision.level).toBe('grace');
    expect(decide([pastDue(-DAY)], true).decision.status).toBe('trial');
  });

  it('follows the policy', () => {
    const strict = resolveAccessPolicy({ graceDays: 0, restrictedDays: 0, pausedCollection: 'restricted', openDispute: 'full' });
    const levelOf = (subscription: SubscriptionState) =>
      decideAccess({ subscriptions: [subscription] }, { now: NOW, policy: strict }).decision.level;
    expect(levelOf(pastDue(0))).toBe('blocked');
    expect(levelOf({ ...stripe, status: 'active', isCollectionPaused: true })).toBe('restricted');
    expect(levelOf({ ...purchase, status: 'active', dispute: 'open' })).toBe('full');
  });
});

describe(resolveAccessPolicy, () => {
  it.each([
    ['graceDays', -1],
    ['graceDays', Number.NaN],
    ['restrictedDays', 1.5],
    ['clockSkewMs', Number.POSITIVE_INFINITY],
    ['refreshHours', -72],
    ['pausedCollection', 'blocked'],
    ['openDispute', 'maybe'],
  ])('refuses %s of %s', (name, value) => {
    const resolve = () => resolveAccessPolicy({ [name]: value });
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(name);
  });

  it('has defaults, which stand in for what is left undefined', () => {
    expect(resolveAccessPolicy({ graceDays: undefined })).toEqual(policy);
  });
});
