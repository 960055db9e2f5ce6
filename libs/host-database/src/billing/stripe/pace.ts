import { setTimeout as wait } from 'node:timers/promises';

const SECOND_MS = 1000;

/** Lets so many go in any second, in the order in which they came. */
export class Pace {
  /** When the last of them went, or will go. */
  private readonly gone: number[] = [];

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
    private readonly sleep: (ms: number) => Promise<unknown> = (ms) => wait(ms),
  ) {}

  async turn(): Promise<void> {
    const now = this.now();
    const earliest = this.gone.length < this.perSecond ? now : (this.gone[0] ?? now) + SECOND_MS;
    const at = Math.max(now, earliest);
    this.gone.push(at);
    if (this.gone.length > this.perSecond) this.gone.shift();
    if (at > now) await this.sleep(at - now);
  }
}
