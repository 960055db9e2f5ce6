/** How long is counted at first, and in the long run. */
const WINDOW_MS = { first: 5, longest: 50 };
/** The weight of the newest window, once windows are long. */
const SMOOTHING = 0.5;
/** After such a pause the old rate says nothing. */
const PAUSE_MS = 500;

/**
 * How many jobs a worker gets done in a millisecond, of late.
 *
 * It cannot do more than it was given, and is given what it is known to do: so what it does at first is counted in short windows and
 * believed at once, or it would take a quarter of a second until it is given enough.
 */
export class WorkRate {
  private perMs = 0;
  private done = 0;
  private windowMs = WINDOW_MS.first;
  private windowBegan = -Infinity;

  add(jobs: number): void {
    const now = performance.now();
    if (now - this.windowBegan > PAUSE_MS) this.beginAnew(now);
    this.done += jobs;
  }

  /** How many jobs that is in so many milliseconds. */
  in(ms: number): number {
    const now = performance.now();
    const elapsed = now - this.windowBegan;
    if (elapsed > PAUSE_MS) {
      // Too long for a window: work has paused, or each job takes its time.
      this.perMs = this.done / elapsed;
    } else if (elapsed >= this.windowMs) {
      const weight = this.windowMs < WINDOW_MS.longest ? 1 : SMOOTHING;
      this.perMs = weight * (this.done / elapsed) + (1 - weight) * this.perMs;
      this.done = 0;
      this.windowMs = Math.min(WINDOW_MS.longest, 2 * this.windowMs);
      this.windowBegan = now;
    }
    return this.perMs * ms;
  }

  private beginAnew(now: number): void {
    this.perMs = 0;
    this.done = 0;
    this.windowMs = WINDOW_MS.first;
    this.windowBegan = now;
  }
}
