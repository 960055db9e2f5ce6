import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/index.js';
import { JobHandler, type JobRun, Snooze } from '../jobs/index.js';
import { MailCount } from './mail/mail-count.entity.js';
import { MailLimits } from './mail/mail-limits.js';
import { PasswordBackoff } from './passwords/password-backoff.entity.js';
import { PasswordBackoffs } from './passwords/password-backoffs.js';
import { UserToken } from './tokens/user-token.entity.js';
import { UserTokens } from './tokens/user-tokens.js';
import { PURGE_EVERY_MS, PURGE_EXPIRED_JOB } from './users-upkeep.js';

/** How many batches of each one run removes; the next one removes the others. */
const BATCHES = 1_000;

/** Removes what is of no use any more: mailed tokens, and the wrong passwords and the mails of addresses. */
@Injectable()
export class UsersUpkeepJobs {
  constructor(
    private readonly backoffs: PasswordBackoffs,
    private readonly tokens: UserTokens,
    private readonly limits: MailLimits,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Comes again as long as there is something left, and is asked for anew where there is something again. */
  @JobHandler(PURGE_EXPIRED_JOB, { runsFor: 'host' })
  async purge({ signal }: JobRun<typeof PURGE_EXPIRED_JOB>): Promise<void> {
    for (const expired of [this.backoffs, this.tokens, this.limits]) {
      for (let batch = 0; batch < BATCHES && (await expired.purge()) > 0; batch++) signal.throwIfAborted();
    }
    if (await this.isSomethingLeft()) throw new Snooze(PURGE_EVERY_MS);
  }

  private async isSomethingLeft(): Promise<boolean> {
    const { em } = this.unitOfWork;
    const one = { orderBy: { expiresAt: 'asc' }, limit: 1, disableIdentityMap: true } as const;
    for (const entity of [PasswordBackoff, UserToken, MailCount]) {
      if ((await em.find<{ expiresAt: Date }>(entity, {}, one)).length > 0) return true;
    }
    return false;
  }
}
