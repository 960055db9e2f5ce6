import { JobLimit } from './job-limit.entity.js';
import { JobWorker } from './job-worker.entity.js';
import { JobSchedule } from './schedules/job-schedule.entity.js';
import { SystemJob } from './system-job.entity.js';

/** The tables of the queue. */
export const jobEntities = [SystemJob, JobWorker, JobLimit, JobSchedule] as const;
