import type { CronSlots } from './cron-slots.js';
import type { MissedSlotPolicy } from './job-schedule.entity.js';

/** What `skip` does not take for missed: the time that a worker may need to notice a slot. */
const SKIP_TOLERANCE_MS = 60_000;

/** A schedule of which a slot has come. */
interface DueSlots {
  /** The first slot that nobody has decided, now or in the past. */
  readonly nextSlotAt: Date;
  readonly missed: MissedSlotPolicy;
  readonly missedLimit: number;
}

/** What becomes of all slots up to an instant. */
export interface SlotDecision {
  /** The slots that get a job, the oldest first. */
  readonly run: readonly Date[];
  /** The newest slot that has been decided. */
  readonly last: Date;
  /** The first one that has not; undefined when there is none any more. */
  readonly next: Date | undefined;
}

/** Decides all slots from `nextSlotAt` to `now`: which of them get a job is up to the policy of the schedule. */
export function decideSlots({ nextSlotAt, missed, missedLimit }: DueSlots, slots: CronSlots, now: Date): SlotDecision {
  const next = slots.next(now);
  const limit = missed === 'all' ? missedLimit : 1;
  const since = slots.between(nextSlotAt, now, limit);
  // The stored slot is one whatever the pattern says today: it was promised, under the time zone rules of that day perhaps.
  const run = since.length < limit ? [nextSlotAt, ...since] : since;
  const last = run.at(-1) ?? nextSlotAt;
  const isTooLate = missed === 'skip' && now.getTime() - last.getTime() > SKIP_TOLERANCE_MS;
  return { run: isTooLate ? [] : run, last, next };
}
