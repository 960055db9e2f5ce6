import { HostDatabaseError } from '../../common/index.js';

/** A record of the audit log cannot be written as RFC 8785 JSON, or a canonical text is not one of a record. */
export class InvalidAuditRecordError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_RECORD';

  constructor(
    /** Where it is wrong, such as `details.rooms[2].name`; the value itself is not told. */
    readonly path: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `The audit record cannot be hashed: ${path} ${problem}. Pass plain JSON: objects, arrays, well-formed strings, ` +
        `finite numbers, booleans and null.`,
      options,
    );
  }
}

/** A checkpoint of the audit log, or the manifest of one, is not of the form that this version knows. */
export class InvalidCheckpointError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_CHECKPOINT';

  constructor(
    /** What is wrong with it. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`The checkpoint of the audit log ${problem}. Take it unchanged from the database, an export or an anchor.`, options);
  }
}

/** A key is not an Ed25519 key in PEM (PKCS #8 for the private one, SPKI for the public one). The message never shows it. */
export class InvalidSigningKeyError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_SIGNING_KEY';

  constructor(
    /** Which key: `private`, or the id of a public one. */
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(
      `The signing key (${key}) is not an Ed25519 key in PEM. Make a pair with generateSigningKey(), or with ` +
        `"openssl genpkey -algorithm ed25519".`,
      options,
    );
  }
}
