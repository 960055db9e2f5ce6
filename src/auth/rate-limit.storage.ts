import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Clock } from 'nestjs-host-database';

type Count = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * How often somebody has asked in this period of time. Each process counts for itself; what is guessed of one person, the library counts
 * for all of them.
 */
export class RateLimitStorage implements ThrottlerStorage {
  private readonly counts = new Map<string, number>();
  private period = 0;

  constructor(private readonly clock: Clock) {}

  /** @param ttl how long a period is, in milliseconds: the same for all keys */
  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const now = this.clock.now().getTime();
    const period = Math.floor(now / ttl);
    // All begin anew with the period, so that nothing is kept of who does not come back.
    if (period !== this.period) this.counts.clear();
    this.period = period;
    const totalHits = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, totalHits);
    const secondsLeft = Math.ceil(((period + 1) * ttl - now) / 1000);
    const isBlocked = totalHits > limit;
    return { totalHits, timeToExpire: secondsLeft, isBlocked, timeToBlockExpire: isBlocked ? secondsLeft : 0 };
  }
}
