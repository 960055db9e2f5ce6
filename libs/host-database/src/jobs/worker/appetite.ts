import { WorkRate } from './work-rate.js';

/** How much work a worker holds beyond what it runs: enough for a round trip or two, and little for others to miss. */
const PREFETCH_MS = 40;
/** How many statements may be under way: while the database works on one, the answer to the other is read and run. */
export const MAX_TURNS = 2;

/** How many jobs a worker takes on: those that it can run, and of short ones some that it can run soon. */
export class Appetite {
  private readonly rate = new WorkRate();

  constructor(
    private readonly concurrency: number,
    private readonly most: number,
  ) {}

  /** A job has been done. */
  digest(): void {
    this.rate.add(1);
  }

  /** How many jobs of short work it pays to hold beyond those that run. */
  get prefetch(): number {
    return Math.min(this.most, Math.ceil(this.rate.in(PREFETCH_MS)));
  }

  /** A part of what may be held for each turn, and one to run meanwhile. */
  get batch(): number {
    return Math.max(1, Math.floor((this.concurrency + this.prefetch) / (MAX_TURNS + 1)));
  }

  /** How many more may be held. */
  roomBeside(held: number): number {
    return Math.max(0, this.concurrency + this.prefetch - held);
  }
}
