import { HostDatabaseError } from '../../common/index.js';
import type { CsrfProblem } from './csrf.js';
import type { SessionProblem } from './session-state.js';

const PROBLEMS: Readonly<Record<SessionProblem, string>> = {
  unknown: 'There is no such session.',
  transport: 'The session was sent in another way than the one that it was opened for.',
  revoked: 'The session was ended.',
  reused: 'The session was ended, since its secret came from two places.',
  expired: 'The session is over.',
  idle: 'The session was not used for too long.',
  'user-deactivated': 'The account is deactivated.',
  'impersonation-over': 'The impersonation is over.',
};

/** The request carries a session that does not count, or does not count any more. */
export class SessionRefusedError extends HostDatabaseError {
  readonly code = 'ACCESS_SESSION_REFUSED';

  constructor(readonly problem: SessionProblem) {
    super(`${PROBLEMS[problem]} Sign in again.`);
  }
}

/** The person has no such session: it is somebody else's, is over, or never was. */
export class SessionNotFoundError extends HostDatabaseError {
  readonly code = 'ACCESS_SESSION_NOT_FOUND';

  constructor(readonly sessionId: string) {
    super(`There is no session ${sessionId} of this person. List their sessions for those that there are.`);
  }
}

/**
 * A request that changes something came with the cookie of a session, but not provably from the application's own pages; or one that would
 * sign somebody in came from another site. Nothing was done.
 */
export class CsrfRefusedError extends HostDatabaseError {
  readonly code = 'ACCESS_CSRF_REFUSED';

  constructor(readonly problem: CsrfProblem) {
    super(
      `The request may have been made by another site (${problem}). Send it from a page of the application, with the value of the csrf ` +
        'cookie in the x-csrf-token header, or add the origin to access.sessions.trustedOrigins.',
    );
  }
}
