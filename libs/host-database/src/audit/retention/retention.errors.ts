import { HostDatabaseError } from '../../common/index.js';

/** Nothing says for how long rows are to be kept. Nothing was removed. */
export class RetentionNotConfiguredError extends HostDatabaseError {
  readonly code = 'AUDIT_RETENTION_NOT_CONFIGURED';

  constructor() {
    super('Rows of the log are kept for ever. Set the option audit.retention to remove old ones.');
  }
}

/** The role of this connection may not remove rows of the log. Nothing was removed. */
export class AuditPurgeNotPermittedError extends HostDatabaseError {
  readonly code = 'AUDIT_PURGE_NOT_PERMITTED';

  constructor(options?: ErrorOptions) {
    super(
      'Only the owner of sys_audit_logs may remove its partitions. Run AuditRetention.purge() in a process that connects as the owner.',
      options,
    );
  }
}

/** There is no open legal hold of this id. Nothing was written. */
export class LegalHoldNotFoundError extends HostDatabaseError {
  readonly code = 'AUDIT_LEGAL_HOLD_NOT_FOUND';

  constructor(readonly holdId: string) {
    super(`There is no legal hold ${holdId} that is not released yet. AuditLegalHolds.list() returns those that are.`);
  }
}
