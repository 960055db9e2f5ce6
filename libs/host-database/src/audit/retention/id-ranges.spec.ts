import { describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { firstIdOf, monthOver } from './id-ranges.js';

const idOf = (time: string) => firstIdOf(new Date(time));

describe(firstIdOf.name, () => {
  it('is not greater than any id of its instant, and greater than those before', () => {
    const before = Date.now();
    const id = genId();
    const after = Date.now();
    expect(firstIdOf(new Date(before)) <= id).toBe(true);
    expect(firstIdOf(new Date(after + 1)) > id).toBe(true);
    expect(firstIdOf(new Date(before))).toHaveLength(32);
  });
});

describe(monthOver.name, () => {
  const oldestId = idOf('2025-12-17T08:00:00.000Z');
  const from = idOf('2025-11-01T00:00:00.000Z');
  const at = (now: string) => monthOver(30, { oldestId, from, now: new Date(now) });

  it('is the month of the oldest id, and what lies before it', () => {
    expect(at('2026-03-10T00:00:00.000Z')).toEqual({ from, below: idOf('2026-01-01T00:00:00.000Z') });
  });

  it('is over at the instant when its days are, and not before', () => {
    expect(at('2026-01-30T23:59:59.999Z')).toBeUndefined();
    expect(at('2026-01-31T00:00:00.000Z')).toBeDefined();
  });
});
