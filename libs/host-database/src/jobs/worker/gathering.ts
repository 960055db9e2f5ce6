const GATHER_MS = 5;

/**
 * For a moment after a statement, what ends is gathered for the next one. A worker that records each short job by itself takes much of
 * the machine for it, and on SQLite, where one at a time may write, leaves the others hardly a gap.
 */
export class Gathering {
  private timer: NodeJS.Timeout | undefined;

  get isOn(): boolean {
    return this.timer !== undefined;
  }

  begin(onOver: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      onOver();
    }, GATHER_MS);
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
