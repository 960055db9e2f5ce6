export type { EnqueueOptions } from './enqueue-options.js';
export { Discard, RetryAfter, Snooze } from './job-control.js';
export type { RunPendingOptions } from './job-drain.js';
export { jobEntities } from './job-entities.js';
export { JobHandler, type JobHandlerOptions, type JobScope } from './job-handler.decorator.js';
export { JobRemoval, type TenantJobCounts } from './job-removal.js';
export { JobTenantScope } from './job-tenant-scope.js';
// Whole, so that an application can extend JobPayloads through this door.
export type * from './job-types.interface.js';
export {
  DuplicateJobHandlerError,
  InvalidJobPayloadError,
  InvalidJobTypeError,
  JobCancelledError,
  JobLeaseLostError,
  JobNotFoundError,
  JobTenantRequiredError,
  JobTimeoutError,
  UndeclaredJobScopeError,
  WorkerShutdownError,
} from './jobs.errors.js';
export { JobsModule } from './jobs.module.js';
export { type JobRetention, JOBS_OPTIONS, JobsOptions, type QueueOptions, resolveJobsOptions } from './jobs.options.js';
export { JobsService, type ManyJobsItem } from './jobs.service.js';
export type { RetryPolicy } from './retry-policy.js';
export type {
  OldestTransaction,
  QueueLimits,
  QueueStatistics,
  RateLimit,
  RedriveFilter,
  StoreStatistics,
  WorkerStatistics,
} from './store/index.js';
export { JOB_STATUSES, type JobStatus, LIVE_JOB_STATUSES, SystemJob } from './system-job.entity.js';
export {
  DuplicateScheduleError,
  InvalidScheduleError,
  JobSchedule,
  JobSchedulesService,
  type ListSchedulesFilter,
  MISSED_SLOT_POLICIES,
  type MissedSlotPolicy,
  type NewJobSchedule,
  ScheduledJob,
  type ScheduledJobOptions,
  type ScheduledSlot,
  ScheduleInCodeError,
  ScheduleNotFoundError,
  type ScheduleOptions,
  type ScheduleSource,
  ScheduleWithoutHandlerError,
  ScheduleWithoutTenantError,
  slotOfKey,
} from './schedules/index.js';
