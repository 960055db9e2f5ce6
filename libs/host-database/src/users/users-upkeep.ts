import { Injectable } from '@nestjs/common';
import { JobsService } from '../jobs/index.js';

/** The job that removes what is of no use any more. */
export const PURGE_EXPIRED_JOB = 'users.purge-expired';

/** A little more than a day: what there is now is of no use by then, most of it. */
export const PURGE_EVERY_MS = 25 * 3_600_000;

declare module '../jobs/index.js' {
  interface JobPayloads {
    'users.purge-expired': null;
  }
}

/** Sees to it that what somebody has written is removed in time. Where nobody signs in by password there is never such a job. */
@Injectable()
export class UsersUpkeep {
  constructor(private readonly jobs: JobsService) {}

  /** In the caller's transaction. However often it is asked for, there is one job. */
  async request(): Promise<void> {
    await this.jobs.enqueue(PURGE_EXPIRED_JOB, null, { uniqueKey: 'all', delayMs: PURGE_EVERY_MS });
  }
}
