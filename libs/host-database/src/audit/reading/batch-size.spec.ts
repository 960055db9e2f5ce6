import { describe, expect, it } from '@jest/globals';
import { FIRST_ROWS, nextBatchSize } from './batch-size.js';

/** The sizes of the batches of a log whose rows are all so long. */
function sizesFor(rowLength: number): number[] {
  let size = FIRST_ROWS;
  return Array.from({ length: 10 }, () => (size = nextBatchSize(size, size * rowLength)));
}

describe(nextBatchSize, () => {
  it.each([
    ['short', 500, 25],
    ['long', 5_000, 10],
    ['very long', 100_000, 1],
    ['a megabyte', 1_000_000, 1],
  ])('settles where rows are %s', (_, rowLength, most) => {
    const sizes = sizesFor(rowLength).slice(-4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most * 2);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(Math.ceil(most / 2));
    expect(new Set(sizes).size).toBe(1);
  });

  it('grows again after rows that were long', () => {
    expect(nextBatchSize(1, 400)).toBe(2);
    expect(nextBatchSize(25, 400)).toBe(25);
  });
});
