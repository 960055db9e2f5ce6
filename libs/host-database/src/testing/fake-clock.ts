import { Clock } from '../common/index.js';

/** A clock that stands still until a test moves it. */
export class FakeClock extends Clock {
  private time: number;

  /** @param start the first `now()`, by default 2030-01-01T00:00:00Z */
  constructor(start: Date = new Date('2030-01-01T00:00:00.000Z')) {
    super();
    this.time = start.getTime();
  }

  now(): Date {
    return new Date(this.time);
  }

  /** Moves the clock by so many milliseconds. */
  advance(byMs: number): void {
    this.time += byMs;
  }

  /** Sets the clock. */
  set(time: Date): void {
    this.time = time.getTime();
  }
}
