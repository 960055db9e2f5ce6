const WINDOW_MS = 50;
/** The weight of the newest window. */
const SMOOTHING = 0.5;

/** How many jobs a worker gets done in a millisecond, of late. */
export class WorkRate {
  private perMs = 0;
  private done = 0;
  private windowBegan = performance.now();

  add(jobs: number): void {
    this.done += jobs;
  }

  /** How many jobs that is in so many milliseconds. */
  in(ms: number): number {
    const now = performance.now();
    const elapsed = now - this.windowBegan;
    if (elapsed >= WINDOW_MS) {
      // After a pause the old rate says nothing.
      const weight = elapsed > 10 * WINDOW_MS ? 1 : SMOOTHING;
      this.perMs = weight * (this.done / elapsed) + (1 - weight) * this.perMs;
      this.done = 0;
      this.windowBegan = now;
    } else if (this.perMs === 0 && elapsed > 1) {
      return (this.done / elapsed) * ms;
    }
    return this.perMs * ms;
  }
}
