import { Injectable } from '@nestjs/common';
import { Clock, normalizeEmail } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, JobsService } from '../../jobs/index.js';
import { GlobalUser } from '../global-user.entity.js';
import { MailDelivery } from './mail-delivery.js';
import { MailLimits } from './mail-limits.js';

const MAIL_NOTICE_JOB = 'users.mail-already-registered';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'users.mail-already-registered': { userId: string; triedAt: string };
  }
}

/**
 * Tells whoever has an address that somebody wants to register with it. For applications that do not tell strangers who has an account:
 * they answer a registration the same, and send this instead of the mail that verifies an address.
 */
@Injectable()
export class AlreadyRegisteredNotice {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobsService,
    private readonly mail: MailDelivery,
    private readonly limits: MailLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Has the mail (`already-registered`) sent, in the caller's transaction. Sends nothing where nobody has the address, and no more
   * than `users.mail.maxPerHour` to one.
   *
   * @throws InvalidInputError, MailerMissingError
   */
  async request(email: string): Promise<void> {
    const address = normalizeEmail(email);
    this.mail.assertMailer();
    await this.unitOfWork.transactional(async (em) => {
      const user = await em.findOne(GlobalUser, { email: address }, { fields: ['id'], disableIdentityMap: true });
      const triedAt = this.clock.now().toISOString();
      // Counted for an address that nobody has, too: it costs as much.
      const isAllowed = await this.limits.take({ to: address, template: 'already-registered' });
      // However often it is asked for meanwhile, one is sent.
      if (user && isAllowed) await this.jobs.enqueue(MAIL_NOTICE_JOB, { userId: user.id, triedAt }, { uniqueKey: user.id });
    });
  }

  @JobHandler(MAIL_NOTICE_JOB, { runsFor: 'host' })
  async send({ id, payload }: JobRun<typeof MAIL_NOTICE_JOB>): Promise<void> {
    const user = await this.unitOfWork.em.findOne(GlobalUser, { id: payload.userId });
    if (!user) return;
    const data = { triedAt: new Date(payload.triedAt) };
    await this.mail.send({ to: user.email, template: 'already-registered', data }, { id });
  }
}
