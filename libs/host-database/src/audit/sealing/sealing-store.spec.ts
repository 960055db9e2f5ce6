import { describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { inOrder, type NewCheckpoint } from './sealing-store.js';

describe(inOrder, () => {
  const some = [{}, {}, {}] as NewCheckpoint[];
  const idsAfter = (newest: string) => inOrder(some, newest).map(({ id }) => id);

  it('goes on behind the newest one although the clock of the process that made it was ahead', () => {
    const newest = `${(Date.now() + 3_600_000).toString(16).padStart(12, '0')}7fffffffffffffffffff`;
    const ids = [newest, ...idsAfter(newest)];
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('takes the time where it can', () => {
    const before = genId();
    const ids = idsAfter('');
    expect(ids.every((id) => id > before)).toBe(true);
    expect(ids.toSorted()).toEqual(ids);
  });
});
