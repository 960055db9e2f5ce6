import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Appetite, JOBS_AT_ONCE } from './appetite.js';

const CONCURRENCY = 10;
const MOST = 2_000;

describe(Appetite.name, () => {
  let now: number;
  let sut: Appetite;

  beforeEach(() => {
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    sut = new Appetite(CONCURRENCY, MOST);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Does jobs that take so long, as many at a time as run, waiting for the database in between. */
  const work = (rounds: number, { tookMs, betweenMs }: { tookMs: number; betweenMs: number }) => {
    for (let round = 0; round < rounds; round++) {
      now += tookMs;
      for (let job = 0; job < CONCURRENCY; job++) sut.digest(tookMs);
      now += betweenMs;
    }
  };

  it('holds nothing in advance before it has done anything', () => {
    expect(sut.prefetch).toBe(0);
    expect(sut.batch).toBe(3);
  });

  it('holds a lot of very short jobs within a few round trips', () => {
    for (let round = 0; round < 4; round++) {
      work(1, { tookMs: 0.1, betweenMs: 5 });
      void sut.prefetch;
    }
    expect(sut.prefetch).toBeGreaterThan(10 * CONCURRENCY);
  });

  it('holds no more than it gets done in 40 ms, however many have just ended together', () => {
    work(2, { tookMs: 20, betweenMs: 0 });
    expect(sut.prefetch).toBeLessThanOrEqual(2 * CONCURRENCY);
    work(3, { tookMs: 1_000, betweenMs: 6 });
    expect(sut.prefetch).toBeLessThanOrEqual(CONCURRENCY);
  });

  it('forgets short jobs after a pause: the next ones may be long', () => {
    work(40, { tookMs: 0.1, betweenMs: 5 });
    void sut.prefetch;
    now += 10_000;
    expect(sut.prefetch).toBeLessThanOrEqual(CONCURRENCY);
  });

  it('has room for others however many short jobs it holds, but for those that already wait here', () => {
    work(4, { tookMs: 1, betweenMs: 1 });
    // A standstill: what is held is more than would be claimed now.
    const held = 50 * CONCURRENCY;
    expect(sut.roomBeside(held)).toBe(0);
    expect(sut.roomForOthers(held, 0, true)).toBe(CONCURRENCY);
    expect(sut.roomForOthers(held, CONCURRENCY - 3, true)).toBe(3);
    expect(sut.roomForOthers(held, 2 * CONCURRENCY, true)).toBe(0);
  });

  it('claims for others only what can begin before it has done anything', () => {
    expect(sut.roomForOthers(CONCURRENCY, 0, true)).toBe(0);
    expect(sut.roomForOthers(CONCURRENCY - 2, 0, true)).toBe(2);
  });

  it('asks for no more at once than one statement takes', () => {
    sut = new Appetite(CONCURRENCY, 100_000);
    for (let round = 0; round < 20; round++) {
      now += 10;
      for (let job = 0; job < 2_000; job++) sut.digest(0.01);
      void sut.prefetch;
    }
    expect(sut.prefetch).toBeGreaterThan(10_000);
    expect(sut.batch).toBe(JOBS_AT_ONCE);
  });
});
