/** Tells the time. Business rules ask it, so that tests never sleep; leases between processes use the database's clock. */
export abstract class Clock {
  /** The current time, UTC. */
  abstract now(): Date;
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** Returns the current time in UTC, to the millisecond. */
export function timestamp(): Date {
  return new Date();
}
