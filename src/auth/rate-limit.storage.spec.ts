import { describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-host-database/testing';
import { RateLimitStorage } from './rate-limit.storage.js';

const MINUTE_MS = 60_000;

describe(RateLimitStorage.name, () => {
  const start = () => {
    const clock = new FakeClock(new Date('2030-01-01T00:00:15Z'));
    const sut = new RateLimitStorage(clock);
    return { clock, count: (key: string) => sut.increment(key, MINUTE_MS, 2) };
  };

  it('lets as many through as the limit says, and says how long the others wait', async () => {
    const { count } = start();
    expect(await count('ada')).toEqual({ totalHits: 1, timeToExpire: 45, isBlocked: false, timeToBlockExpire: 0 });
    expect(await count('ada')).toMatchObject({ totalHits: 2, isBlocked: false });
    expect(await count('ada')).toEqual({ totalHits: 3, timeToExpire: 45, isBlocked: true, timeToBlockExpire: 45 });
    expect(await count('grace')).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('begins anew with the next minute', async () => {
    const { clock, count } = start();
    for (let time = 0; time < 3; time++) await count('ada');
    clock.advance(45_000);

    expect(await count('ada')).toMatchObject({ totalHits: 1, timeToExpire: 60, isBlocked: false });
  });
});
