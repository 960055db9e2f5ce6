export { JobHandler } from './job-handler.decorator.js';
// Whole, so that an application can extend JobPayloads through this door.
export type * from './job-types.interface.js';
export { DuplicateJobHandlerError, InvalidJobPayloadError, InvalidJobTypeError, JobNotFoundError } from './jobs.errors.js';
export { JobsModule } from './jobs.module.js';
export { JOBS_OPTIONS, JobsOptions, resolveJobsOptions } from './jobs.options.js';
export { type EnqueueOptions, JobsService, type RunPendingOptions } from './jobs.service.js';
export { JOB_STATUSES, type JobStatus, SystemJob } from './system-job.entity.js';
