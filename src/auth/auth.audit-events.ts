import { defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';

/** What the log says of those who were not let in. */
export const authEvents = defineAuditEvents({
  // An address that nobody has signed up with is not kept: it belongs to nobody who could have it erased, and may be a mistyped password.
  'auth.sign-in-failed': {
    details: detailsOf<{ email: string } | undefined>(),
    personal: { email: 'target' },
    targetType: 'user',
  },
  'auth.system-admin-refused': { details: detailsOf<undefined>() },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof authEvents> {}
}
