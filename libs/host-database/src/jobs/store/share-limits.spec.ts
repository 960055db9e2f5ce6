import { describe, expect, it } from '@jest/globals';
import { array, assert, constantFrom, integer, option, property, record } from 'fast-check';
import { type Candidate, chooseCandidates, roomOfQueue, roomOfTenants, type RunningCount } from './share-limits.js';

const running = (fairnessKey: string, count: number, concurrencyKey: string | null = null): RunningCount => ({
  fairnessKey,
  concurrencyKey,
  running: count,
});

describe(roomOfQueue.name, () => {
  it.each([
    [{}, [running('a', 5)], Infinity],
    [{ maxRunning: 3 }, [], 3],
    [{ maxRunning: 3 }, [running('a', 1), running('b', 1, 'k')], 1],
    [{ maxRunning: 3 }, [running('a', 5)], 0],
  ])('with %j', (limits, counts, expected) => {
    expect(roomOfQueue(limits, counts)).toBe(expected);
  });
});

describe(roomOfTenants.name, () => {
  it('adds up what a tenant is running, and leaves out who has no room', () => {
    const counts = [running('a', 1), running('a', 1, 'k'), running('b', 4), running('d', 1)];
    expect(roomOfTenants({ maxRunningPerTenant: 3 }, counts, ['a', 'b', 'c'])).toEqual([
      { fairnessKey: 'a', room: 1 },
      { fairnessKey: 'c', room: 3 },
    ]);
    expect(roomOfTenants({}, counts, ['b'])).toEqual([{ fairnessKey: 'b', room: Infinity }]);
  });
});

describe(chooseCandidates.name, () => {
  const candidate = (id: string, fairnessKey: string, concurrencyKey: string | null = null): Candidate => ({
    id,
    fairnessKey,
    concurrencyKey,
  });
  const idsOf = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id);

  it('takes candidates until the share is used up, and blocks those whose key has no room', () => {
    const { chosen, blocked } = chooseCandidates(
      { maxRunningPerKey: 2 },
      [running('a', 1, 'k'), running('b', 2, 'k'), running('a', 7)],
      [
        { fairnessKey: 'a', count: 3 },
        { fairnessKey: 'b', count: 1 },
      ],
      [
        candidate('a1', 'a', 'k'),
        candidate('a2', 'a', 'k'),
        candidate('a3', 'a'),
        candidate('a4', 'a', 'other'),
        candidate('a5', 'a', 'k'),
        candidate('b1', 'b', 'k'),
        candidate('b2', 'b', 'other'),
        candidate('c1', 'c'),
      ],
    );
    expect(idsOf(chosen)).toEqual(['a1', 'a3', 'a4', 'b2']);
    // a5 is behind the share of its tenant: nobody has looked at whether it may run.
    expect(idsOf(blocked)).toEqual(['a2', 'b1']);
  });

  it('knows no cap that was not set', () => {
    const { chosen, blocked } = chooseCandidates(
      {},
      [running('a', 99, 'k')],
      [{ fairnessKey: 'a', count: 9 }],
      [candidate('a1', 'a', 'k')],
    );
    expect([idsOf(chosen), blocked]).toEqual([['a1'], []]);
  });

  it('exceeds neither a share nor a cap, leaves out nobody who has room, and keeps the order', () => {
    const tenants = constantFrom('', 'a', 'b');
    const keys = option(constantFrom('k', 'l'), { nil: null });
    assert(
      property(
        integer({ min: 1, max: 3 }),
        array(record({ fairnessKey: tenants, concurrencyKey: keys })),
        array(record({ fairnessKey: tenants, concurrencyKey: keys, running: integer({ min: 1, max: 3 }) }), { maxLength: 4 }),
        array(integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }),
        (maxRunningPerKey, jobs, counts, [none = 0, a = 0, b = 0]) => {
          // As the database counts: one row for each tenant and key.
          const unique = [...new Map(counts.map((count) => [`${count.fairnessKey}/${count.concurrencyKey}`, count])).values()];
          const candidates = jobs.map((job, index) => ({ ...job, id: String(index) }));
          const shares = Object.entries({ '': none, a, b }).map(([fairnessKey, count]) => ({ fairnessKey, count }));
          const { chosen, blocked } = chooseCandidates({ maxRunningPerKey }, unique, shares, candidates);

          const of = (some: readonly Candidate[], key: string) => some.filter(({ fairnessKey }) => fairnessKey === key);
          const runningOf = ({ fairnessKey, concurrencyKey }: Candidate) =>
            unique.find((each) => each.fairnessKey === fairnessKey && each.concurrencyKey === concurrencyKey)?.running ?? 0;
          const isTaken = new Set(idsOf([...chosen, ...blocked]));
          for (const { fairnessKey, count } of shares) {
            expect(of(chosen, fairnessKey).length).toBeLessThanOrEqual(count);
            // Whoever was not looked at is behind a full share.
            const isEachTaken = of(candidates, fairnessKey).every(({ id }) => isTaken.has(id));
            expect(isEachTaken || of(chosen, fairnessKey).length === count).toBe(true);
          }
          for (const each of chosen) {
            if (each.concurrencyKey === null) continue;
            const same = of(chosen, each.fairnessKey).filter(({ concurrencyKey }) => concurrencyKey === each.concurrencyKey);
            expect(same.length).toBeLessThanOrEqual(Math.max(0, maxRunningPerKey - runningOf(each)));
          }
          for (const each of blocked) {
            const same = of(chosen, each.fairnessKey).filter(({ concurrencyKey }) => concurrencyKey === each.concurrencyKey);
            expect(same.length + runningOf(each)).toBeGreaterThanOrEqual(maxRunningPerKey);
          }
          expect(chosen).toEqual(candidates.filter((each) => chosen.includes(each)));
        },
      ),
    );
  });
});
