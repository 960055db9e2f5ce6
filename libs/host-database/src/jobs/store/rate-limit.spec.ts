import { describe, expect, it } from '@jest/globals';
import { assert, double, integer, property, record } from 'fast-check';
import { nextTokenMs, refill, TokenBuckets, wholeTokens } from './rate-limit.js';

const rates = record({ limit: integer({ min: 1, max: 1_000 }), periodMs: integer({ min: 1, max: 86_400_000 }) });
const fraction = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe(refill.name, () => {
  const rate = { limit: 10, periodMs: 1_000 };

  it.each([
    [{ tokens: 0, filledAgoMs: undefined }, 10],
    [{ tokens: 0, filledAgoMs: 0 }, 0],
    [{ tokens: 0, filledAgoMs: 250 }, 2.5],
    [{ tokens: 9, filledAgoMs: 250 }, 10],
    [{ tokens: 3, filledAgoMs: -60_000 }, 3],
  ])('fills %j to %p', (bucket, expected) => {
    expect(refill(rate, bucket)).toBe(expected);
  });

  it('stays between nothing and the limit, and gains with time', () => {
    assert(
      property(rates, fraction, integer({ min: -1_000, max: 1e9 }), integer({ min: 0, max: 1e9 }), (each, part, ago, more) => {
        const tokens = part * each.limit;
        const before = refill(each, { tokens, filledAgoMs: ago });
        const after = refill(each, { tokens, filledAgoMs: ago + more });
        expect([tokens, before, after, each.limit]).toEqual([tokens, before, after, each.limit].toSorted((a, b) => a - b));
      }),
    );
  });
});

describe(nextTokenMs.name, () => {
  it('is when the bucket has a token, and no millisecond sooner or later', () => {
    assert(
      property(rates, fraction, (rate, tokens) => {
        const waitMs = nextTokenMs(rate, tokens);
        const after = (filledAgoMs: number) => wholeTokens(refill(rate, { tokens, filledAgoMs }));
        expect(waitMs).toBeGreaterThanOrEqual(1);
        expect(after(waitMs)).toBeGreaterThanOrEqual(1);
        expect(waitMs === 1 || after(waitMs - 1) === 0).toBe(true);
      }),
    );
  });
});

describe(TokenBuckets.name, () => {
  const rate = { limit: 3, periodMs: 3_000 };
  const rooms = [
    { fairnessKey: 'a', room: Infinity },
    { fairnessKey: 'b', room: 1 },
  ];

  it('lets all tenants share one bucket', () => {
    const sut = new TokenBuckets(rate, new Map([['', { tokens: 0, filledAgoMs: 2_500 }]]));
    expect(sut.narrow(rooms)).toEqual({
      rooms: [
        { fairnessKey: 'a', room: 2 },
        { fairnessKey: 'b', room: 1 },
      ],
      room: 2,
    });
    expect(sut.retryAfterMs).toBeUndefined();
    expect(sut.spend([{ fairnessKey: 'a' }, { fairnessKey: 'b' }])).toEqual(new Map([['', 0.5]]));
  });

  it('gives each tenant its own, and leaves out those whose bucket is empty', () => {
    const stored = new Map([
      ['a', { tokens: 0, filledAgoMs: 400 }],
      ['b', { tokens: 2, filledAgoMs: 0 }],
    ]);
    const sut = new TokenBuckets({ ...rate, perTenant: true }, stored);
    expect(sut.narrow([...rooms, { fairnessKey: 'new', room: 9 }])).toEqual({
      rooms: [
        { fairnessKey: 'b', room: 1 },
        { fairnessKey: 'new', room: 3 },
      ],
      room: Infinity,
    });
    expect(sut.retryAfterMs).toBe(600);
    expect(sut.spend([{ fairnessKey: 'b' }])).toEqual(new Map([['b', 1]]));
  });

  it('opens no bucket where no tenant has work', () => {
    const sut = new TokenBuckets(rate, new Map([['', { tokens: 0, filledAgoMs: 0 }]]));
    expect(sut.narrow([])).toEqual({ rooms: [], room: 0 });
    expect(sut.retryAfterMs).toBeUndefined();
    expect(sut.spend([])).toEqual(new Map());
  });
});
