/** Ids from `from` on and below `below`: a month, or the beginning of the log up to the end of one. */
export interface IdRange {
  readonly from: string;
  readonly below: string;
}

const MS_DIGITS = 12;
const ID_LENGTH = 32;
const MS_PER_DAY = 86_400_000;

/** The smallest id of an instant. Ids begin with the milliseconds since 1970, in hexadecimal. */
export function firstIdOf(instant: Date): string {
  return instant.getTime().toString(16).padStart(MS_DIGITS, '0').padEnd(ID_LENGTH, '0');
}

/** When an id was made. */
export function instantOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, MS_DIGITS), 16));
}

/** Where the log begins, and what time it is. */
export interface LogAge {
  readonly oldestId: string;
  /** Every smaller id is gone already; empty where none is. */
  readonly purgedThrough: string;
  readonly now: Date;
}

/** The months (UTC) that ended more than `days` ago, as ranges of ids. The first one begins where the log does. */
export function monthsBefore(days: number, { oldestId, purgedThrough, now }: LogAge): IdRange[] {
  const limit = now.getTime() - days * MS_PER_DAY;
  const ranges: IdRange[] = [];
  let from = purgedThrough;
  for (let end = nextMonth(instantOf(oldestId)); end.getTime() <= limit; end = nextMonth(end)) {
    const below = firstIdOf(end);
    ranges.push({ from, below });
    from = below;
  }
  return ranges;
}

function nextMonth(instant: Date): Date {
  return new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + 1, 1));
}
