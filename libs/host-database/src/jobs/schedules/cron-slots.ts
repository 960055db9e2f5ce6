import { Cron } from 'croner';
import { InvalidScheduleError } from './schedules.errors.js';

/** What says when a schedule is due. */
export interface Recurrence {
  /** Of the schedule, for messages. */
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
}

const EXAMPLE = "Pass five fields such as '0 3 * * *' (minute, hour, day, month, weekday), or six with the seconds first.";
const CHUNK = 8;

/**
 * The instants at which a schedule is due, in its time zone, daylight saving included.
 *
 * A schedule of fixed times (no `*` and no step in seconds, minutes and hours) is due once for each of them on every day: one that the
 * clocks skip is due when they go on, one that they show twice is due at its first occurrence. Any other schedule is due whenever the
 * clocks show a time that matches: what they skip is no slot, what they show twice is two.
 */
export class CronSlots {
  private constructor(private readonly cron: Cron) {}

  /** @throws InvalidScheduleError when the cron or the time zone is not valid */
  static of({ name, cron, timeZone }: Recurrence): CronSlots {
    assertTimeZone(name, timeZone);
    try {
      // Croner would take a date for a pattern too.
      if (!/^(@\w+|\S+( +\S+){4,5})$/.test(cron)) throw new TypeError('It has neither five nor six fields.');
      return new CronSlots(new Cron(cron, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' }));
    } catch (cause) {
      throw new InvalidScheduleError(name, 'cron', `'${cron}' is no pattern. ${EXAMPLE}`, { cause });
    }
  }

  /** The first slot after an instant; undefined when there is none any more. */
  next(after: Date): Date | undefined {
    return this.cron.nextRun(after) ?? undefined;
  }

  /** The slots after one instant and up to another, the oldest first; where there are more than `limit`, the last of them. */
  between(after: Date, upTo: Date, limit: number): Date[] {
    const found: Date[] = [];
    // Croner leaves out the instant that it is given.
    let before = new Date(upTo.getTime() + 1);
    while (found.length < limit) {
      // A few at a time: each costs as much as the first, and most often there are not many.
      const slots = this.cron.previousRuns(Math.min(CHUNK, limit - found.length), before);
      const wanted = slots.filter((slot) => slot > after);
      found.push(...wanted);
      before = wanted.at(-1) ?? before;
      if (wanted.length < slots.length || slots.length === 0) break;
    }
    return found.toReversed();
  }
}

function assertTimeZone(name: string, timeZone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    throw new InvalidScheduleError(name, 'timeZone', `'${timeZone}' is not known. Pass an IANA name such as 'Europe/Berlin'.`, {
      cause,
    });
  }
}
