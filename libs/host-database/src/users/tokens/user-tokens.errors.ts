import { HostDatabaseError } from '../../common/index.js';

/**
 * A token that came by mail is good for nothing: it is none, was used or replaced, its time is over, it is for something else, or the
 * person has another address meanwhile. Which of it, is in the audit log. Nothing was written.
 */
export class InvalidUserTokenError extends HostDatabaseError {
  readonly code = 'USERS_TOKEN_INVALID';

  constructor() {
    super('The token is not valid, or not any more. Ask for another mail, and use the link in the newest one.');
  }
}
