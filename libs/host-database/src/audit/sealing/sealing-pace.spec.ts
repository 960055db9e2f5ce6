import { describe, expect, it } from '@jest/globals';
import { nextSealingInMs } from './sealing-pace.js';

describe(nextSealingInMs.name, () => {
  const pace = { everyMs: 5_000, rowsPerCheckpoint: 1_000, elapsedMs: 5_000 };

  it.each([
    ['nothing came', 0, 5_000],
    ['less came than a checkpoint holds', 400, 5_000],
    ['twice as much came', 2_000, 2_500],
    ['very much came', 10_000_000, 100],
  ])('when %s (%i rows), it is time again in %i ms', (_name, sealed, expected) => {
    expect(nextSealingInMs({ ...pace, sealed })).toBe(expected);
  });

  it('keeps to the pace while the rows keep coming', () => {
    expect(nextSealingInMs({ ...pace, elapsedMs: 2_500, sealed: 1_000 })).toBe(2_500);
  });

  it('is never rarer than it was asked for', () => {
    expect(nextSealingInMs({ ...pace, everyMs: 50, sealed: 10_000 })).toBe(50);
  });
});
