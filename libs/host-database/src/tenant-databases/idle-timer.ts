/** One timer for all that is idle: started when something becomes so, and stopped by itself when nothing is. Keeps no process alive. */
export class IdleTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** 0 for never. */
    private readonly timeoutMs: number,
    /** Closes what is due; returns in how many milliseconds the next one will be, if there is one. */
    private readonly closeDue: () => number | undefined,
  ) {}

  /** Sees to it that what becomes idle now is looked at in time. */
  start(): void {
    if (this.timeoutMs > 0 && !this.timer) this.schedule(this.timeoutMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(inMs: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const nextInMs = this.closeDue();
      if (nextInMs !== undefined) this.schedule(nextInMs);
    }, Math.ceil(inMs)).unref();
  }
}
