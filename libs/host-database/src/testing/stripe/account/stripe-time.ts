import type { Clock } from '../../../common/index.js';
import { FakeClock } from '../../fake-clock.js';

/** The time of the fake Stripe: that of a clock, which it moves where that is a fake one, and runs ahead of otherwise. */
export class StripeTime {
  private aheadMs = 0;
  private momentMs: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** Whether time stands still until somebody moves it. */
  get standsStill(): boolean {
    return this.clock instanceof FakeClock;
  }

  /** Now, or the moment for which something is done. */
  get nowMs(): number {
    return this.momentMs ?? this.clock.now().getTime() + this.aheadMs;
  }

  /** The same in seconds, as Stripe tells times. */
  get now(): number {
    return Math.floor(this.nowMs / 1000);
  }

  /** What the other side's clock shows: the time that signatures carry. */
  get receiversNow(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }

  /** Does something as of a moment that may have passed. */
  at(momentMs: number, work: () => void): void {
    const before = this.momentMs;
    this.momentMs = momentMs;
    try {
      work();
    } finally {
      this.momentMs = before;
    }
  }

  /** Lets time go on until then. Never moves it back. */
  moveTo(targetMs: number): void {
    const byMs = targetMs - this.nowMs;
    if (byMs <= 0) return;
    if (this.clock instanceof FakeClock) this.clock.advance(byMs);
    else this.aheadMs += byMs;
  }
}
