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
