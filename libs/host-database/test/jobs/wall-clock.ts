const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A cron of minutes and hours. */
interface DailyCron {
  readonly minute: string;
  readonly hour: string;
}

/**
 * Finds the slots of a cron as someone does who looks at a clock on the wall every minute and keeps a list of what it has shown: so
 * simple that it can be believed.
 */
export class WallClock {
  /** What the clock shows, as if it were UTC, minute by minute from a day before `from`, so that a time that comes twice is told. */
  private readonly shown: readonly { readonly at: number; readonly time: number }[];

  constructor(
    readonly timeZone: string,
    /** Not itself looked at. */
    readonly from: Date,
    readonly until: Date,
  ) {
    const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'short' });
    const start = from.getTime() - DAY_MS;
    this.shown = Array.from({ length: (until.getTime() - start) / MINUTE_MS + 1 }, (_, index) => {
      const at = start + index * MINUTE_MS;
      return { at, time: Date.parse(`${format.format(at).replace(' ', 'T')}Z`) };
    });
  }

  slotsOf({ minute, hour }: DailyCron): Date[] {
    const isFixed = !/[*/]/.test(minute + hour);
    const [minutes, hours] = [valuesOf(minute, 60), valuesOf(hour, 24)];
    const matches = (time: number) => minutes.has((time / MINUTE_MS) % 60) && hours.has(Math.floor(time / (60 * MINUTE_MS)) % 24);
    const seen = new Set<number>();
    return this.shown.flatMap(({ at, time }, index) => {
      const isNew = !isFixed || !seen.has(time);
      seen.add(time);
      const isSlot = (isNew && matches(time)) || (isFixed && this.skippedBefore(index).some(matches));
      return isSlot && at > this.from.getTime() ? [new Date(at)] : [];
    });
  }

  /** The times that the clock has never shown, between one look at it and the one before. */
  private skippedBefore(index: number): number[] {
    const [last, now] = [this.shown[index - 1], this.shown[index]];
    if (!last || !now) return [];
    const minutes = Math.max(0, (now.time - last.time) / MINUTE_MS - 1);
    return Array.from({ length: minutes }, (_, skipped) => last.time + (skipped + 1) * MINUTE_MS);
  }
}

function valuesOf(field: string, size: number): Set<number> {
  const all = Array.from({ length: size }, (_, value) => value);
  const values = field.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [first = 0, last = first] = range === '*' ? [0, size - 1] : range.split('-').map(Number);
    return all.filter((value) => value >= first && value <= last && (value - first) % Number(step) === 0);
  });
  return new Set(values);
}
