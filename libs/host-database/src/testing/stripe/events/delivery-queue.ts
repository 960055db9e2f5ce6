/** Stripe sends many at once; more than these would only fill the receiver's backlog. */
const AT_ONCE = 64;

/** Runs deliveries in the order in which they come, a few at once. */
export class DeliveryQueue {
  private readonly waiting: (() => Promise<void>)[] = [];
  private readonly whenIdle: (() => void)[] = [];
  private running = 0;
  private stopped = false;

  add(work: () => Promise<void>): void {
    if (this.stopped) return;
    this.waiting.push(work);
    this.fill();
  }

  idle(): Promise<void> {
    if (this.running === 0 && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenIdle.push(resolve);
    });
  }

  /** Forgets what is waiting, and waits for what is under way. */
  stop(): Promise<void> {
    this.stopped = true;
    this.waiting.length = 0;
    return this.idle();
  }

  private fill(): void {
    for (let work = this.running < AT_ONCE ? this.waiting.shift() : undefined; work;) {
      this.running += 1;
      void work().finally(() => this.done());
      work = this.running < AT_ONCE ? this.waiting.shift() : undefined;
    }
  }

  private done(): void {
    this.running -= 1;
    this.fill();
    if (this.running > 0 || this.waiting.length > 0) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }
}
