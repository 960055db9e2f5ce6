import { WorkRate } from './work-rate.js';

/** How much work a worker holds beyond what it runs: enough for a round trip or two, and little for others to miss. */
const PREFETCH_MS = 40;
/** How many statements may be under way: while the database works on one, the answer to the other is read and run. */
export const MAX_TURNS = 2;
/** How many jobs one statement completes at most, and how many it claims. */
export const JOBS_AT_ONCE = 1_000;
/**
 * A worker that does all that it is given may get more done than it does, so it is given this many times as much, as far as its jobs are
 * short enough. One that hardly has work is not: the next jobs may be long ones, which others can begin.
 */
const GROWTH = 4;
/** The weight of the newest job in how long jobs take. */
const SMOOTHING = 0.02;

/** How many jobs a worker takes on: those that it can run, and of short ones some that it can run soon. */
export class Appetite {
  private readonly rate = new WorkRate();
  private tookMs = 0;

  constructor(
    private readonly concurrency: number,
    private readonly most: number,
  ) {}

  /** A job has been done, and took so long. */
  digest(tookMs: number): void {
    this.rate.add(1);
    this.tookMs += (this.tookMs === 0 ? 1 : SMOOTHING) * (tookMs - this.tookMs);
  }

  /** How many jobs of short work it pays to hold beyond those that run. */
  get prefetch(): number {
    const possible = this.tookMs > 0 ? (this.concurrency * PREFETCH_MS) / this.tookMs : Infinity;
    return Math.min(this.most, Math.ceil(Math.min(GROWTH * this.rate.in(PREFETCH_MS), possible)));
  }

  /** A part of what may be held for each turn, and one to run meanwhile. */
  get batch(): number {
    return Math.min(JOBS_AT_ONCE, Math.max(1, Math.floor((this.concurrency + this.prefetch) / (MAX_TURNS + 1))));
  }

  /**
   * How many jobs of tenants that have none here may be claimed beside what was asked for. Another tenant's job gets in between short
   * ones at once, however many of them are held: after a standstill that may be more than would be claimed now. Between long ones it is
   * claimed when it can begin.
   *
   * @param guests those that were claimed so and have not begun
   */
  roomForOthers(held: number, guests: number, isAsking: boolean): number {
    if (this.prefetch > 0) return Math.max(0, this.concurrency - guests);
    return isAsking ? Math.min(this.concurrency, this.roomBeside(held)) : 0;
  }

  /** How many more may be held. */
  roomBeside(held: number): number {
    return Math.max(0, this.concurrency + this.prefetch - held);
  }
}
