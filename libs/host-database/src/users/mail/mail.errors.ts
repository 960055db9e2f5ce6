import { HostDatabaseError } from '../../common/index.js';

/** Something is to be mailed, and the module was given nothing that sends mail. Nothing was written. */
export class MailerMissingError extends HostDatabaseError {
  readonly code = 'USERS_MAILER_MISSING';

  constructor() {
    super('There is nothing to send mail with. Give the module a Mailer: the option users.mailer.');
  }
}
