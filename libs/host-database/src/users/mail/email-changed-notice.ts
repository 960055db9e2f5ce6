import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { JobHandler, type JobRun, JobsService } from '../../jobs/index.js';
import { MailDelivery } from './mail-delivery.js';
import { MailLimits } from './mail-limits.js';

const MAIL_NOTICE_JOB = 'users.mail-email-changed';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    /** The address is in no other row any more. */
    'users.mail-email-changed': { formerEmail: string; changedAt: string };
  }
}

/** The address that somebody had until now. */
export interface FormerEmail {
  readonly email: string;
  /** Whether it was known to be theirs. */
  readonly wasVerified: boolean;
}

/** Tells the address that a person had that they have another one: whoever reads its mail may not have wanted that. */
@Injectable()
export class EmailChangedNotice {
  constructor(
    private readonly jobs: JobsService,
    private readonly mail: MailDelivery,
    private readonly limits: MailLimits,
    private readonly clock: Clock,
  ) {}

  /** Has the mail (`email-changed`) sent, in the caller's transaction. */
  async request({ email, wasVerified }: FormerEmail): Promise<void> {
    // Nobody can have this withheld by asking for mails. An address that was only typed in may be a stranger's, whom that would write to.
    const isSent = wasVerified || (await this.limits.take({ to: email, template: 'email-changed' }));
    const changedAt = this.clock.now().toISOString();
    if (isSent) await this.jobs.enqueue(MAIL_NOTICE_JOB, { formerEmail: email, changedAt });
  }

  @JobHandler(MAIL_NOTICE_JOB, { runsFor: 'host' })
  async send({ id, payload: { formerEmail, changedAt } }: JobRun<typeof MAIL_NOTICE_JOB>): Promise<void> {
    const data = { changedAt: new Date(changedAt) };
    await this.mail.send({ to: formerEmail, template: 'email-changed', data }, { id });
  }
}
