import type { StripeTime } from './stripe-time.js';

interface Due {
  readonly key: string;
  readonly atMs: number;
  readonly work: () => void;
}

/** What is to happen later, one thing for each key. */
export class Timeline {
  private readonly entries = new Map<string, Due>();

  constructor(private readonly time: StripeTime) {}

  /**
   * Plans something, in place of what was planned under the key. Of two at the same second, the one that was planned first is done first.
   *
   * @param at in seconds
   */
  plan(key: string, at: number, work: () => void): void {
    this.entries.delete(key);
    this.entries.set(key, { key, atMs: at * 1000, work });
  }

  cancel(key: string): void {
    this.entries.delete(key);
  }

  /** When the next thing is due, in milliseconds. */
  get nextMs(): number | undefined {
    return this.next?.atMs;
  }

  /** Does everything that is due by now, in order, each as of its own moment. */
  runDue(): void {
    const untilMs = this.time.nowMs;
    for (let due = this.next; due && due.atMs <= untilMs; due = this.next) this.run(due);
  }

  private run(due: Due): void {
    this.entries.delete(due.key);
    this.time.at(due.atMs, due.work);
  }

  private get next(): Due | undefined {
    let first: Due | undefined;
    for (const due of this.entries.values()) if (!first || due.atMs < first.atMs) first = due;
    return first;
  }
}
