import { HostDatabaseError } from '../../common/index.js';

/** A cursor that this filter did not give, or that is none. Nothing was read. */
export class InvalidAuditCursorError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_CURSOR';

  constructor(problem: 'is malformed' | 'belongs to another filter') {
    super(`The cursor ${problem}. Pass the one that the page before has given, with the same filter, or none to begin anew.`);
  }
}

/** The feed follows checkpoints, and none are made. Nothing was read. */
export class AuditFeedNotSealedError extends HostDatabaseError {
  readonly code = 'AUDIT_FEED_NOT_SEALED';

  constructor() {
    super(
      'The feed follows the checkpoints of the log, and the log is not sealed. Set audit.sealing, or page through ' +
        'AuditReader.find(), which does not see a row again that is committed late.',
    );
  }
}
