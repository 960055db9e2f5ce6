import { HostDatabaseError } from '../../common/index.js';
import type { MailTemplate } from './mailer.js';

/** Something would be sent by mail, and there is nothing to send it with. Nothing was written. */
export class MailerMissingError extends HostDatabaseError {
  readonly code = 'USERS_MAILER_MISSING';

  constructor(options?: ErrorOptions) {
    super('There is no mailer. Give the module one as users.mailer, or provide the class Mailer in your application.', options);
  }
}

/** The mailer has failed. The job that sends the mail is tried again. */
export class MailNotSentError extends HostDatabaseError {
  readonly code = 'USERS_MAIL_NOT_SENT';

  constructor(
    readonly template: MailTemplate,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`A mail (${template}) could not be sent: ${reason}. See what the mailer says of it.`, options);
  }
}
