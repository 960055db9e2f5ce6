const LOOK_EVERY_MS = 50;

/** Adds up for how long the machine has let this process stand still: a time that is measured meanwhile is as much too long. */
export class MachinePauses {
  private pausedMs = 0;
  private lookedAt = performance.now();
  private readonly timer = setInterval(() => this.look(), LOOK_EVERY_MS);

  /** Ends the watch. @returns for how long it was */
  end(): number {
    clearInterval(this.timer);
    this.look();
    return this.pausedMs;
  }

  private look(): void {
    const now = performance.now();
    this.pausedMs += Math.max(0, now - this.lookedAt - LOOK_EVERY_MS);
    this.lookedAt = now;
  }
}
