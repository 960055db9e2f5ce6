import { HostDatabaseError } from 'nestjs-host-database';

/** The workspace has no export with this id. */
export class AuditExportNotFoundError extends HostDatabaseError {
  readonly code = 'AUDIT_EXPORTS_NOT_FOUND';

  constructor(readonly exportId: string) {
    super(`There is no export ${exportId} in this workspace. Pass the id that its making has answered.`);
  }
}

/** The file of an export is not written yet, or will not be. */
export class AuditExportNotReadyError extends HostDatabaseError {
  readonly code = 'AUDIT_EXPORTS_NOT_READY';

  constructor(
    readonly exportId: string,
    readonly status: string,
  ) {
    super(`The export ${exportId} is ${status}. Its file is there once it is completed.`);
  }
}

/** The file of an export was there, and was removed when its time was over. */
export class AuditExportExpiredError extends HostDatabaseError {
  readonly code = 'AUDIT_EXPORTS_EXPIRED';

  constructor(
    readonly exportId: string,
    options?: ErrorOptions,
  ) {
    super(`The file of the export ${exportId} was removed, as each is after a day. Make another export.`, options);
  }
}

/** A file that should hold a key of the log holds none. Stops the boot. */
export class AuditKeyFileError extends HostDatabaseError {
  readonly code = 'AUDIT_KEY_FILE_INVALID';

  constructor(readonly path: string) {
    super(`${path} holds no key of the audit log. Put back what was in it; another key opens nothing that this one has closed.`);
  }
}

/** The whole log was never verified. */
export class AuditNotVerifiedError extends HostDatabaseError {
  readonly code = 'AUDIT_LOG_NOT_VERIFIED';

  constructor() {
    super('The log was not verified yet. Ask for a verification, and again when it is completed.');
  }
}

/** There is no verification with this id. */
export class AuditVerificationNotFoundError extends HostDatabaseError {
  readonly code = 'AUDIT_VERIFICATIONS_NOT_FOUND';

  constructor(readonly verificationId: string) {
    super(`There is no verification ${verificationId}. Pass the id that its making has answered.`);
  }
}
