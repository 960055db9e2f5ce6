import type { SqlEntityManager } from '@mikro-orm/sql';
import type { NewJob } from '../store/index.js';
import type { MissedSlotPolicy } from './job-schedule.entity.js';

/** A schedule of which a slot has come. */
export interface DueSchedule {
  readonly name: string;
  readonly jobType: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly payload: unknown;
  readonly queue: string;
  readonly tenantId: string | null;
  readonly priority: number;
  readonly missed: MissedSlotPolicy;
  readonly missedLimit: number;
  readonly nextSlotAt: Date;
}

/** Where a schedule is moved on to, and the jobs of the slots that it leaves behind. */
export interface ScheduleMove {
  readonly name: string;
  readonly lastSlotAt: Date;
  readonly nextSlotAt: Date | undefined;
  readonly jobs: readonly NewJob[];
}

/** Which schedules to look at: the stored ones, and those of the code of this process. */
interface ScheduleSelection {
  readonly inCode: readonly string[];
  /** Those to leave alone. */
  readonly except: readonly string[];
}

export interface AdvanceRequest extends ScheduleSelection {
  /** How many schedules at most. */
  readonly limit: number;
  /** Decides without a pause, while the schedules are locked; what it leaves out stays due. */
  readonly decide: (due: readonly DueSchedule[], now: Date) => readonly ScheduleMove[];
}

export interface Advance {
  /** How many were due and not in the hands of another process. */
  readonly found: number;
  readonly moved: readonly ScheduleMove[];
  /** How many jobs were written: one whose slot has a live job already is left out. */
  readonly enqueued: number;
  /** In how many milliseconds the next slot of any other schedule is due; 0 or less where one is in the hands of another process. */
  readonly nextSlotMs: number | undefined;
}

/** The statements on `sys_job_schedules`, once for each dialect. Times are the database's, unless the application's clock is a fake. */
export abstract class ScheduleStore {
  /**
   * Locks schedules that are due, writes their jobs and moves them on, in one transaction of the library's own connection: of all
   * processes one decides a slot, and wholly or not at all.
   */
  abstract advance(request: AdvanceRequest): Promise<Advance>;
  /** The time, also where the caller's transaction is an old one. */
  abstract now(em: SqlEntityManager): Promise<Date>;
}

/** The names of the schedules that were due and have been left as they are. */
export function notMoved(due: readonly { readonly name: string }[], moved: readonly ScheduleMove[]): string[] {
  const names = new Set(moved.map(({ name }) => name));
  return due.map(({ name }) => name).filter((name) => !names.has(name));
}
