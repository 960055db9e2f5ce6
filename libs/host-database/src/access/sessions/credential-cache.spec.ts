import { beforeEach, describe, expect, it } from '@jest/globals';
import { Clock } from '../../common/index.js';
import { CredentialCache } from './credential-cache.js';

class StoppedClock extends Clock {
  time = 1_000_000;

  now(): Date {
    return new Date(this.time);
  }
}

describe(CredentialCache.name, () => {
  const clock = new StoppedClock();
  let sut: CredentialCache;
  let hears: boolean;

  beforeEach(() => {
    hears = true;
    sut = new CredentialCache(clock);
    sut.rememberWhile(() => hears);
  });

  const remember = (key: string, { userIds = ['u'], lastsMs = 3_600_000 } = {}) =>
    sut.load(key, async () => ({ value: key, remember: { userIds, expiresAt: new Date(clock.time + lastsMs) } }));

  it('remembers nothing until somebody hears of changes', async () => {
    const deaf = new CredentialCache(clock);
    await deaf.load('a', async () => ({ value: 1, remember: { userIds: ['u'], expiresAt: new Date(clock.time + 1_000) } }));
    expect([deaf.get('a'), deaf.size]).toEqual([undefined, 0]);
    expect([await remember('a'), sut.get('a')]).toEqual(['a', 'a']);
  });

  it('forgets everything when nobody hears any more, and does not know it when they do again', async () => {
    await remember('a');
    hears = false;
    expect(sut.get('a')).toBeUndefined();
    hears = true;
    expect(sut.get('a')).toBeUndefined();
  });

  it('forgets what one of its people has changed, and nothing else', async () => {
    await remember('a', { userIds: ['user', 'admin'] });
    await remember('b', { userIds: ['other'] });
    sut.forget('admin');
    expect([sut.get('a'), sut.get('b'), sut.size]).toEqual([undefined, 'b', 1]);
    sut.forget('user');
    sut.forgetAll();
    expect([sut.get('b'), sut.size]).toEqual([undefined, 0]);
  });

  it('does not remember what was asked for before a change', async () => {
    const asked = Promise.withResolvers<void>();
    const loading = sut.load('a', async () => {
      await asked.promise;
      return { value: 'old', remember: { userIds: ['u'], expiresAt: new Date(clock.time + 60_000) } };
    });
    sut.forget('u');
    asked.resolve();
    expect([await loading, sut.get('a')]).toEqual(['old', undefined]);
  });

  it('remembers for no longer than the credential lasts, and for five minutes at most', async () => {
    await remember('short', { lastsMs: 10 });
    await remember('long');
    clock.time += 9;
    expect(sut.get('short')).toBe('short');
    clock.time += 1;
    expect([sut.get('short'), sut.get('long')]).toEqual([undefined, 'long']);
    clock.time += 5 * 60_000;
    expect([sut.get('long'), sut.size]).toEqual([undefined, 0]);
  });

  it('remembers only so many, and forgets those that were not used for longest', async () => {
    await remember('first');
    await remember('second');
    for (let count = 0; count < 9_998; count++) await remember(`other ${count}`);
    expect(sut.get('first')).toBe('first');
    await remember('one more');
    expect([sut.size, sut.get('second'), sut.get('first')]).toEqual([10_000, undefined, 'first']);
  });
});
