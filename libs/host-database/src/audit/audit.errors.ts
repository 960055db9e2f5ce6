import type { StandardSchemaV1 } from '@standard-schema/spec';
import { HostDatabaseError } from '../common/index.js';

const MOST_SUGGESTIONS = 5;

/** An event type that the catalogue does not have. Nothing was written, and the caller's transaction is rolled back. */
export class UnknownAuditEventTypeError extends HostDatabaseError {
  readonly code = 'AUDIT_UNKNOWN_EVENT_TYPE';

  constructor(
    readonly eventType: string,
    known: readonly string[],
  ) {
    const [room = ''] = eventType.split('.');
    const near = known.filter((type) => type.startsWith(`${room}.`)).slice(0, MOST_SUGGESTIONS);
    super(
      `There is no event type '${eventType}'. Define it with defineAuditEvents() and hand it to the module as audit.events.${
        near.length > 0 ? ` Of this room there are: ${near.join(', ')}.` : ''
      }`,
    );
  }
}

/** Details that are not what their event type says. Nothing was written, and the caller's transaction is rolled back. */
export class InvalidAuditDetailsError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_DETAILS';

  constructor(
    readonly eventType: string,
    readonly issues: readonly StandardSchemaV1.Issue[],
  ) {
    // Paths and what is wrong with them, never the values.
    const where = issues.map(
      ({ path = [] }) => path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.') || 'all of them',
    );
    super(`The details of '${eventType}' are not as its definition says: ${where.join(', ')}.`);
  }
}

/** The database no longer protects the log. */
export class AuditGuardsMissingError extends HostDatabaseError {
  readonly code = 'AUDIT_GUARDS_MISSING';

  constructor(readonly guards: readonly string[]) {
    super(
      `The audit log is not protected: ${guards.join(', ')} missing, changed, switched off, or not of this library. Restore what the ` +
        `migration seal_audit_log writes, take away what it does not, and find out who did it.`,
    );
  }
}

/** A statement that goes past the unit of work would have written an audited table. It was not sent. */
export class UnauditedWriteError extends HostDatabaseError {
  readonly code = 'AUDIT_UNAUDITED_WRITE';

  constructor(
    /** The audited tables that it writes. */
    readonly tables: readonly string[],
  ) {
    super(
      `A direct write to ${String(tables)} was refused: its changes would not be recorded in the audit log. Load the entities, change ` +
        "them and flush, in a transaction where a subscriber removes them; or, for bulk work, run it on the transaction of AuditCapture.allowing('why', (em) => ...).",
    );
  }
}

/** A statement would have put something of the session in the place of the log. It was not sent. */
export class AuditLogShadowedError extends HostDatabaseError {
  readonly code = 'AUDIT_LOG_SHADOWED';

  constructor() {
    super(
      'A temporary table, view or trigger that names the audit log was refused. Give it another name, and read the log without a copy.',
    );
  }
}

/** An entity cannot be audited as it is. */
export class UnauditableEntityError extends HostDatabaseError {
  readonly code = 'AUDIT_UNAUDITABLE_ENTITY';

  constructor(
    readonly entityName: string,
    readonly problem: string,
  ) {
    super(
      `The entity ${entityName} cannot be audited: it ${problem}. Correct it, or take it out of audit.entities, audit.tenantEntities or AuditedEntities.register().`,
    );
  }
}

/** Something that needs the seal of the log was asked for, and the log is not sealed. */
export class AuditSealingNotConfiguredError extends HostDatabaseError {
  readonly code = 'AUDIT_SEALING_NOT_CONFIGURED';

  constructor() {
    super('The audit log is not sealed. Pass audit.sealing to the module: a signer and its public key.');
  }
}

/** Something that works on connections of its own was called inside a transaction, for whose end it would wait. */
export class AuditInTransactionError extends HostDatabaseError {
  readonly code = 'AUDIT_IN_TRANSACTION';

  constructor(readonly call: string) {
    super(`${call} was called inside a transaction, for whose end it would wait. Call it when the transaction has ended.`);
  }
}

/** What the signer returns does not fit the public key of its id. Nothing was sealed. */
export class AuditSignatureInvalidError extends HostDatabaseError {
  readonly code = 'AUDIT_SIGNATURE_INVALID';

  constructor(readonly keyId: string) {
    super(
      `The signature of audit.sealing.signer does not fit the public key '${keyId}' of audit.sealing.publicKeys. Pass the key that ` +
        `belongs to the signer, and a signer that makes Ed25519 signatures.`,
    );
  }
}

/** An anchor has not taken checkpoints. They are handed to it again. */
export class AuditAnchorFailedError extends HostDatabaseError {
  readonly code = 'AUDIT_ANCHOR_FAILED';

  constructor(
    readonly anchor: string,
    options: ErrorOptions,
  ) {
    const { cause } = options;
    super(`The anchor '${anchor}' has not kept checkpoints: ${cause instanceof Error ? cause.message : String(cause)}`, options);
  }
}

/** A webhook has answered that it did not take checkpoints, or has not answered. */
export class AuditWebhookFailedError extends HostDatabaseError {
  readonly code = 'AUDIT_WEBHOOK_FAILED';

  constructor(
    /** Where it is, without its path, which may hold a secret. */
    readonly origin: string,
    /** What it answered, if it did. */
    readonly status: number | undefined,
    options?: ErrorOptions,
  ) {
    super(
      status === undefined
        ? `The webhook at ${origin} cannot be reached, or does not answer in time. Look whether it is up.`
        : `The webhook at ${origin} answered ${status}. It has to answer 2xx when it has kept the checkpoints.`,
      options,
    );
  }
}

/** There is no such row in the log, or not in the scope that was asked for. */
export class AuditRowNotFoundError extends HostDatabaseError {
  readonly code = 'AUDIT_ROW_NOT_FOUND';

  constructor(readonly rowId: string) {
    super(`The audit log has no row '${rowId}'. It may have been removed when its time was over.`);
  }
}

/** No checkpoint holds the row yet. */
export class AuditRowNotSealedError extends HostDatabaseError {
  readonly code = 'AUDIT_ROW_NOT_SEALED';

  constructor(readonly rowId: string) {
    super(
      `The row '${rowId}' of the audit log is in no checkpoint yet. Ask again in a few seconds, when the sealer has come by.`,
    );
  }
}
