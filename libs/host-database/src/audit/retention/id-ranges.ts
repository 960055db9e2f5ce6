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
  // There are none before 1970.
  return Math.max(0, instant.getTime()).toString(16).padStart(MS_DIGITS, '0').padEnd(ID_LENGTH, '0');
}

/** When an id was made. */
export function instantOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, MS_DIGITS), 16));
}

/** What the next month to remove depends on. */
export interface LogAge {
  /** The smallest id that there is, not below `from`. */
  readonly oldestId: string;
  /** Where the month begins: every smaller id is dealt with. */
  readonly from: string;
  readonly now: Date;
}

/** The month (UTC) of the oldest id, if it ended `days` ago or more. Months without a row are part of the next one that has some. */
export function monthOver(days: number, { oldestId, from, now }: LogAge): IdRange | undefined {
  const end = nextMonth(instantOf(oldestId));
  return end.getTime() > now.getTime() - days * MS_PER_DAY ? undefined : { from, below: firstIdOf(end) };
}

function nextMonth(instant: Date): Date {
  return new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + 1, 1));
}
