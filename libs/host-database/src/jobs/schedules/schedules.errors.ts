import { HostDatabaseError } from '../../common/index.js';

/** Something that a schedule says cannot be. Stops the boot where the code says it; otherwise nothing was written. */
export class InvalidScheduleError extends HostDatabaseError {
  readonly code = 'JOBS_INVALID_SCHEDULE';

  constructor(
    readonly scheduleName: string,
    /** Which part of it, such as `cron`. */
    readonly field: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The schedule ${scheduleName} is not valid: its ${field} ${problem}`, options);
  }
}

/** Two schedules have the same name. Stops the boot. */
export class DuplicateScheduleError extends HostDatabaseError {
  readonly code = 'JOBS_DUPLICATE_SCHEDULE';

  constructor(
    readonly scheduleName: string,
    /** Where they are. */
    readonly places: readonly [string, string],
  ) {
    super(
      `Two schedules have the name ${scheduleName}: ${places[0]} and ${places[1]}. Remove one, or give it a name of its own: @ScheduledJob(cron, { name }).`,
    );
  }
}

/** A method is scheduled, but handles no job. Stops the boot. */
export class ScheduleWithoutHandlerError extends HostDatabaseError {
  readonly code = 'JOBS_SCHEDULE_WITHOUT_HANDLER';

  constructor(
    /** The method, such as `Reports.sendWeekly()`. */
    readonly method: string,
  ) {
    super(
      `${method} has @ScheduledJob but handles no job, so that nobody would run what is scheduled. Add @JobHandler('room.verb-noun').`,
    );
  }
}

/** A method is scheduled in code, where no tenant is known, and runs for a tenant. Stops the boot. */
export class ScheduleWithoutTenantError extends HostDatabaseError {
  readonly code = 'JOBS_SCHEDULE_WITHOUT_TENANT';

  constructor(
    /** The method, such as `Reports.sendWeekly()`. */
    readonly method: string,
  ) {
    super(
      `${method} has @ScheduledJob and runs for a tenant, but code names none. Store a schedule for each tenant with ` +
        `JobSchedulesService.upsert({ tenantId }), or schedule a handler with { runsFor: 'host' } that enqueues one job for each.`,
    );
  }
}

/** There is no schedule of this name. */
export class ScheduleNotFoundError extends HostDatabaseError {
  readonly code = 'JOBS_SCHEDULE_NOT_FOUND';

  constructor(readonly scheduleName: string) {
    super(`There is no schedule ${scheduleName}. JobSchedulesService.list() returns those that there are.`);
  }
}

/** A schedule of the code was to be changed or removed at run time. Nothing was written. */
export class ScheduleInCodeError extends HostDatabaseError {
  readonly code = 'JOBS_SCHEDULE_IN_CODE';

  constructor(readonly scheduleName: string) {
    super(`The schedule ${scheduleName} is part of the code. Change or remove its @ScheduledJob, pause it, or use another name.`);
  }
}
