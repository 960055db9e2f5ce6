import { Injectable } from '@nestjs/common';
import { JobHandler, type JobRun, ScheduledJob } from '../jobs/index.js';
import { PasswordBackoffs } from './passwords/password-backoffs.js';
import { UserTokens } from './tokens/user-tokens.js';

/** How many batches of each one run removes; the next one removes the others. */
const BATCHES = 1_000;

declare module '../jobs/index.js' {
  interface JobPayloads {
    'users.purge-expired': null;
  }
}

/** Removes what is of no use any more every night, once over all processes: mailed tokens, and the wrong passwords of addresses. */
@Injectable()
export class UsersUpkeepJobs {
  constructor(
    private readonly backoffs: PasswordBackoffs,
    private readonly tokens: UserTokens,
  ) {}

  @ScheduledJob('25 3 * * *')
  @JobHandler('users.purge-expired', { runsFor: 'host' })
  async purge({ signal }: Pick<JobRun, 'signal'>): Promise<void> {
    for (const expired of [this.backoffs, this.tokens]) {
      for (let batch = 0; batch < BATCHES && (await expired.purge()) > 0; batch++) signal.throwIfAborted();
    }
  }
}
