import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { TenantRoom } from '../store/index.js';
import { FairShare } from './fair-share.js';

const tenantsOf = (rooms: Readonly<Record<string, number>>): TenantRoom[] =>
  Object.entries(rooms).map(([fairnessKey, room]) => ({ fairnessKey, room }));

const countsOf = (shares: readonly { fairnessKey: string; count: number }[]) =>
  Object.fromEntries(shares.map(({ fairnessKey, count }) => [fairnessKey, count]));

const tenants = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{0,3}$/), fc.oneof(fc.nat({ max: 20 }), fc.constant(Infinity))), {
    selector: ([key]) => key,
    maxLength: 12,
  })
  // As the store finds them: in the order of their keys.
  .map((entries) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  .map((entries) => entries.map(([fairnessKey, room]): TenantRoom => ({ fairnessKey, room })));

describe(FairShare.name, () => {
  it('shares out all that is wanted where there is room, and to nobody more than their room', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tenants, fc.nat({ max: 60 })), { maxLength: 8 }), (claims) => {
        const sut = new FairShare();
        for (const [rooms, wanted] of claims) {
          const shares = sut.shareOut(rooms, wanted);
          const given = countsOf(shares);
          const total = shares.reduce((sum, { count }) => sum + count, 0);
          expect(total).toBe(
            Math.min(
              wanted,
              rooms.reduce((sum, { room }) => sum + room, 0),
            ),
          );
          for (const { fairnessKey, room } of rooms) expect(given[fairnessKey] ?? 0).toBeLessThanOrEqual(room);
          expect(shares.every(({ count }) => count > 0)).toBe(true);
          expect(new Set(shares.map(({ fairnessKey }) => fairnessKey)).size).toBe(shares.length);
        }
      }),
    );
  });

  it('gives tenants that always have work the same, to a claim or so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }), (tenantCount, wanted) => {
        const sut = new FairShare();
        const rooms = tenantsOf(Object.fromEntries(Array.from({ length: tenantCount }, (_, index) => [`t${index}`, Infinity])));
        const totals = new Map(rooms.map(({ fairnessKey }) => [fairnessKey, 0]));
        for (let claim = 0; claim < 50; claim++) {
          for (const { fairnessKey, count } of sut.shareOut(rooms, wanted)) {
            totals.set(fairnessKey, (totals.get(fairnessKey) ?? 0) + count);
          }
        }
        const most = Math.max(...totals.values());
        const quantum = Math.max(1, Math.floor(wanted / tenantCount));
        expect(most - Math.min(...totals.values())).toBeLessThanOrEqual(2 * quantum + 1);
      }),
    );
  });

  it('lets a tenant with little take its turn beside one with much', () => {
    expect(countsOf(new FairShare().shareOut(tenantsOf({ big: 100_000, small: 10 }), 20))).toEqual({ big: 10, small: 10 });
  });

  it('gives away what a tenant has no room for, in equal parts', () => {
    const sut = new FairShare();
    const claims = Array.from({ length: 4 }, () => countsOf(sut.shareOut(tenantsOf({ a: 1, b: 100, c: 100 }), 9)));
    expect(claims.map(({ a }) => a)).toEqual([1, 1, 1, 1]);
    const [b, c] = (['b', 'c'] as const).map((key) => claims.reduce((sum, counts) => sum + (counts[key] ?? 0), 0));
    expect((b ?? 0) + (c ?? 0)).toBe(32);
    expect(Math.abs((b ?? 0) - (c ?? 0))).toBeLessThanOrEqual(3);
  });

  it('goes on with the next one where a claim is smaller than the number of tenants', () => {
    const sut = new FairShare();
    const rooms = tenantsOf({ a: 9, b: 9, c: 9 });
    const turns = Array.from({ length: 6 }, () => sut.shareOut(rooms, 1).map(({ fairnessKey }) => fairnessKey));
    expect(turns.flat()).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('goes on behind a tenant that is gone', () => {
    const sut = new FairShare();
    sut.shareOut(tenantsOf({ a: 9, b: 9, c: 9 }), 1);
    expect(sut.shareOut(tenantsOf({ a: 9, c: 9 }), 1)).toEqual([{ fairnessKey: 'c', count: 1 }]);
  });

  it('gives nothing to nobody', () => {
    expect(new FairShare().shareOut([], 5)).toEqual([]);
    expect(new FairShare().shareOut(tenantsOf({ a: 5 }), 0)).toEqual([]);
    expect(new FairShare().shareOut(tenantsOf({ a: 0 }), 5)).toEqual([]);
  });
});
