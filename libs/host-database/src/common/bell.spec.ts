import { describe, expect, it } from '@jest/globals';
import { Bell } from './bell.js';

describe(Bell, () => {
  it('keeps a ring that came before the wait', async () => {
    const bell = new Bell();
    bell.ring();
    await expect(bell.wait(600_000)).resolves.toBeUndefined();
  });

  it('wakes one that waits', async () => {
    const bell = new Bell();
    const waiting = bell.wait(600_000);
    bell.ring();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('is over at once when the signal is, or was, aborted', async () => {
    const bell = new Bell();
    const abort = new AbortController();
    const waiting = bell.wait(600_000, abort.signal);
    abort.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(bell.wait(600_000, abort.signal)).resolves.toBeUndefined();
  });

  it('is over after its time', async () => {
    await expect(new Bell().wait(1)).resolves.toBeUndefined();
  });
});
