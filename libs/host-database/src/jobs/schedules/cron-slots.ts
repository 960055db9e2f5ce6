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

  /** The last slots up to and including an instant, at most so many, the oldest first. */
  last(count: number, until: Date): Date[] {
    // Croner counts whole seconds and leaves out the instant itself.
    return this.cron.previousRuns(count, new Date(until.getTime() + 1)).toReversed();
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
