import { HostDatabaseError } from '../../common/index.js';

/** Personal data in the log were never encrypted, so that no key makes them unreadable. Nothing was written. */
export class ErasureNotConfiguredError extends HostDatabaseError {
  readonly code = 'AUDIT_ERASURE_NOT_CONFIGURED';

  constructor() {
    super('The log keeps personal data as they are, so that they cannot be erased. Set the option audit.encryption.');
  }
}

/** The key that wraps the keys of persons is not there, or is another one. Nothing was read or written. */
export class AuditKeyUnavailableError extends HostDatabaseError {
  readonly code = 'AUDIT_KEY_UNAVAILABLE';

  constructor(
    /** The id of the wrapping key. */
    readonly keyId: string,
  ) {
    super(
      `The key of a person was wrapped with '${keyId}', and audit.encryption.keys does not have that key. Add it as it was, and take ` +
        `it out only after AuditEncryption.rewrapKeys().`,
    );
  }
}
