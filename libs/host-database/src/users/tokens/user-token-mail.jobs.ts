import { Injectable } from '@nestjs/common';
import { genId } from '../../common/index.js';
import { JobHandler, type JobRun } from '../../jobs/index.js';
import { MailDelivery } from '../mail/mail-delivery.js';
import type { Mail } from '../mail/mailer.js';
import type { UserToken } from './user-token.entity.js';
import { MAIL_TOKEN_JOB, templateOf, UserTokens } from './user-tokens.js';

/** Mails tokens. */
@Injectable()
export class UserTokenMailJobs {
  constructor(
    private readonly tokens: UserTokens,
    private readonly mail: MailDelivery,
  ) {}

  /** Each try mails another token, since nobody knows the former one any more: it was stored as a hash. */
  @JobHandler(MAIL_TOKEN_JOB, { runsFor: 'host' })
  async mailToken({ payload: { tokenId } }: JobRun<typeof MAIL_TOKEN_JOB>): Promise<void> {
    const armed = await this.tokens.arm(tokenId);
    if (armed) await this.mail.send(mailOf(armed), { id: genId() });
  }
}

function mailOf({ secret, token }: { readonly secret: string; readonly token: UserToken }): Mail {
  const { email: to, expiresAt } = token;
  const data = { token: secret, expiresAt };
  return { to, template: templateOf(token.purpose), data };
}
