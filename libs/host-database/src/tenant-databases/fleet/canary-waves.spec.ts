import { describe, expect, it } from '@jest/globals';
import { assignWaves } from './canary-waves.js';

const ids = Array.from({ length: 10 }, (_, index) => `t${index}`);
const wavesOf = (...waves: Parameters<typeof assignWaves>[1]) => assignWaves(ids, waves).map(({ wave }) => wave);

describe(assignWaves.name, () => {
  it('is one wave where none is asked for', () => {
    expect(wavesOf()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('takes so many, so many of a hundred, and then the rest', () => {
    expect(wavesOf({ size: 1 }, { percent: 25 })).toEqual([0, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    expect(wavesOf({ percent: 1 })).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(wavesOf({ size: 100 })).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('takes those that are named, wherever they are in the order', () => {
    expect(wavesOf({ tenantIds: ['t9', 'elsewhere'] }, { size: 2 })).toEqual([1, 1, 2, 2, 2, 2, 2, 2, 2, 0]);
  });
});
