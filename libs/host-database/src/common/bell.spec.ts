import { describe, expect, it } from '@jest/globals';
import { Bell } from './bell.js';

describe(Bell, () => {
  it('keeps a ring that came before the wait', async () => {
    const bell = new Bell();
    bell.ring();
    await bell.wait(600_000);
    expect.assertions(0);
  });

  it('wakes one that waits', async () => {
    const bell = new Bell();
    const waiting = bell.wait(600_000);
    bell.ring();
    await waiting;
    expect.assertions(0);
  });

  it('is over at once when the signal is, or was, aborted', async () => {
    const bell = new Bell();
    const abort = new AbortController();
    const waiting = bell.wait(600_000, abort.signal);
    abort.abort();
    await waiting;
    await bell.wait(600_000, abort.signal);
    expect.assertions(0);
  });

  it('is over after its time', async () => {
    await new Bell().wait(1);
    expect.assertions(0);
  });
});
