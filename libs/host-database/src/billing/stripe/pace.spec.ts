import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

describe('Pace', () => {
  it('lets so many go at once, and one more when the first of them is a second ago', async () => {
    const waits: number[] = [];
    let now = 0;
    const pace = new Pace(
      2,
      () => now,
      async (ms) => void waits.push(ms),
    );
    await pace.turn();
    now = 300;
    await pace.turn();
    await pace.turn();
    await pace.turn();
    await pace.turn();
    expect(waits).toEqual([700, 1000, 1700]);

    now = 10_000;
    await pace.turn();
    await pace.turn();
    expect(waits).toHaveLength(3);
  });
});
