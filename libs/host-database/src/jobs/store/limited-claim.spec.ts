import { describe, expect, it } from '@jest/globals';
import type { LimitedClaimRequest, QueueLimits, TenantRoom } from './job-store.interface.js';
import { type LimitedQueueState, planLimitedClaim } from './limited-claim.js';

const idle: LimitedQueueState = { running: [], fairnessKeys: ['a', 'b'], buckets: new Map() };

/** What a plan asks the caller's shareOut, which gives everything to the first. */
function plan(limits: QueueLimits, state: Partial<LimitedQueueState> = {}, count = 10) {
  const asked: { tenants: readonly TenantRoom[]; count: number }[] = [];
  const request: LimitedClaimRequest = {
    queue: 'default',
    workerId: 'worker',
    jobTypes: [],
    limits,
    count,
    after: undefined,
    shareOut: (tenants, wanted) => {
      asked.push({ tenants, count: wanted });
      const [first] = tenants;
      return first ? [{ fairnessKey: first.fairnessKey, count: Math.min(first.room, wanted) }] : [];
    },
  };
  return { ...planLimitedClaim(request, { ...idle, ...state }), asked };
}

const candidates = (fairnessKey: string, ...keys: (string | null)[]) =>
  keys.map((concurrencyKey, index) => ({ id: `${fairnessKey}${index}`, fairnessKey, concurrencyKey }));

describe(planLimitedClaim.name, () => {
  it('shares out what is wanted between the tenants that have room', () => {
    const sut = plan({ maxRunningPerTenant: 2 }, { running: [{ fairnessKey: 'a', concurrencyKey: null, running: 2 }] });
    expect(sut.asked).toEqual([{ tenants: [{ fairnessKey: 'b', room: 2 }], count: 10 }]);
    expect(sut.lookAt).toEqual([{ fairnessKey: 'b', count: 2 }]);
    expect(sut.retryAfterMs).toBeUndefined();
  });

  it('wants no more than the queue has room for', () => {
    const running = [{ fairnessKey: 'a', concurrencyKey: null, running: 4 }];
    expect(plan({ maxRunning: 7 }, { running }).asked[0]?.count).toBe(3);
    const full = plan({ maxRunning: 4 }, { running });
    expect([full.asked, full.lookAt]).toEqual([[], []]);
    expect(full.decide([])).toEqual({ claimed: [], blocked: [], tokens: new Map(), mayHaveMore: false });
  });

  it('looks beyond the share where keys have caps', () => {
    const sut = plan({ maxRunningPerKey: 1 }, {}, 2);
    expect(sut.lookAt[0]?.count).toBeGreaterThan(2);
    expect(sut.decide(candidates('a', 'k', 'k', null, null))).toEqual({
      claimed: ['a0', 'a2'],
      blocked: ['a1'],
      tokens: new Map(),
      mayHaveMore: false,
    });
  });

  it('takes tokens for what is claimed, not for what was looked at', () => {
    const limits = { rateLimit: { limit: 4, periodMs: 4_000 }, maxRunningPerKey: 1 };
    const sut = plan(limits, { buckets: new Map([['', { tokens: 3, filledAgoMs: 500 }]]) });
    expect(sut.asked).toMatchObject([{ count: 3 }]);
    expect(sut.decide(candidates('a', 'k', 'k'))).toEqual({
      claimed: ['a0'],
      blocked: ['a1'],
      tokens: new Map([['', 2.5]]),
      mayHaveMore: true,
    });
    expect(sut.decide([]).tokens).toEqual(new Map());
  });

  it('says when to come back where there is work and no token', () => {
    const limits = { rateLimit: { limit: 4, periodMs: 4_000 } };
    const buckets = new Map([['', { tokens: 0, filledAgoMs: 250 }]]);
    const sut = plan(limits, { buckets });
    expect([sut.lookAt, sut.retryAfterMs]).toEqual([[], 750]);
    expect(plan(limits, { buckets, fairnessKeys: [] }).retryAfterMs).toBeUndefined();
  });

  it('counts the tokens of each tenant where each has a bucket', () => {
    const limits = { rateLimit: { limit: 2, periodMs: 2_000, perTenant: true } };
    const sut = plan(limits, { buckets: new Map([['a', { tokens: 0, filledAgoMs: 0 }]]) });
    expect(sut.asked).toEqual([{ tenants: [{ fairnessKey: 'b', room: 2 }], count: 10 }]);
    expect(sut.retryAfterMs).toBe(1_000);
    expect(sut.decide(candidates('b', null)).tokens).toEqual(new Map([['b', 1]]));
  });

  it('says whether another claim may find more: behind blocked ones, of tenants not looked at, or of those that had as many as were read', () => {
    const free = planLimitedClaim(
      {
        limits: { maxRunning: 10 },
        count: 4,
        shareOut: (rooms: readonly TenantRoom[], count: number) =>
          rooms.slice(0, 2).map(({ fairnessKey }) => ({ fairnessKey, count: count / 2 })),
      } as unknown as LimitedClaimRequest,
      { running: [], fairnessKeys: ['a', 'b'], buckets: new Map() },
    );
    const ready = (fairnessKey: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: `${fairnessKey}${index}`, fairnessKey, concurrencyKey: null }));
    expect(free.decide([...ready('a', 1), ...ready('b', 1)]).mayHaveMore).toBe(false);
    expect(free.decide([...ready('a', 1), ...ready('b', 2)]).mayHaveMore).toBe(true);
    expect(free.decide([...ready('a', 2), ...ready('b', 2)]).mayHaveMore).toBe(false);
  });
});
