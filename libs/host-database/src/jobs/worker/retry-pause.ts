/** What a timer can wait. */
export const TIMER_MAX_MS = 2_147_483_647;

const PAUSE_MS = { min: 100, max: 5_000 };

/** The pauses before something that fails again and again is tried once more, ever longer ones. */
export class RetryPause {
  private failed = 0;
  private timer: NodeJS.Timeout | undefined;

  /** How many failures there were in a row. */
  get failures(): number {
    return this.failed;
  }

  /** Whether it is not time to try again. */
  get isOn(): boolean {
    return this.timer !== undefined;
  }

  /** Begins one, and returns how long it is. */
  begin(onOver: () => void): number {
    this.failed++;
    const limit = Math.min(PAUSE_MS.max, PAUSE_MS.min * 2 ** this.failed);
    const ms = limit / 2 + (Math.random() * limit) / 2;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      onOver();
    }, ms);
    return ms;
  }

  /** It has not failed this time. */
  reset(): void {
    this.failed = 0;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
