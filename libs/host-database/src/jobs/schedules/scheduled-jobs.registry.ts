import { Injectable } from '@nestjs/common';
import type { ScheduleDefinition } from './schedule-definition.js';
import { DuplicateScheduleError } from './schedules.errors.js';

/** A schedule of the code. */
export interface RegisteredSchedule {
  /** The method that it is on, for messages: `Reports.sendWeekly()`. */
  readonly method: string;
  readonly definition: ScheduleDefinition;
}

/** Answers which schedules the code of this process has. */
@Injectable()
export class ScheduledJobsRegistry {
  private readonly schedules = new Map<string, RegisteredSchedule>();

  get names(): readonly string[] {
    return [...this.schedules.keys()];
  }

  get all(): readonly RegisteredSchedule[] {
    return [...this.schedules.values()];
  }

  /** @throws DuplicateScheduleError when another has its name */
  register(schedule: RegisteredSchedule): void {
    const { name } = schedule.definition;
    const existing = this.schedules.get(name);
    if (existing) throw new DuplicateScheduleError(name, [existing.method, schedule.method]);
    this.schedules.set(name, schedule);
  }
}
