import { beforeEach, describe, expect, it } from '@jest/globals';
import { Clock } from '../../common/index.js';
import { ExpiringCache } from './expiring-cache.js';

describe(ExpiringCache.name, () => {
  let now: number;
  let sut: ExpiringCache<number>;

  beforeEach(() => {
    now = 0;
    const clock = new (class extends Clock {
      now = () => new Date(now);
    })();
    sut = new ExpiringCache(clock, { maxSize: 2, ttlMs: 100 });
  });

  it('forgets what is over its time, however often it was used', () => {
    sut.set('a', 1);
    now = 99;
    expect(sut.get('a')).toBe(1);
    now = 100;
    expect(sut.get('a')).toBeUndefined();
  });

  it('forgets what was used longest ago when it is full', () => {
    sut.set('a', 1);
    sut.set('b', 2);
    sut.get('a');
    sut.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => sut.get(key))).toEqual([1, undefined, 3]);
  });

  it('forgets what it is told to', () => {
    sut.set('a', 1);
    sut.delete('a');
    expect(sut.get('a')).toBeUndefined();
  });
});
