import { HostDatabaseError } from '../common/index.js';

/** An event type is not of the form `room.what-happened`. Nothing was written, and the caller's transaction is rolled back. */
export class InvalidAuditEventTypeError extends HostDatabaseError {
  readonly code = 'AUDIT_INVALID_EVENT_TYPE';

  constructor(readonly eventType: string) {
    super(
      `'${eventType}' is not an event type. Use the form room.what-happened, such as memberships.granted, at most 127 characters.`,
    );
  }
}
