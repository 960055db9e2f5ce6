import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';

/** The address of somebody who has an account. One that nobody has is not kept: nobody could have it erased, and it may be a mistyped password. */
const triedAddress = detailsOf<{ email: string } | undefined>();

/** What the log says of passwords. */
export const passwordEvents = defineAuditEvents({
  'users.signed-in': { details: detailsOf<{ by: string }>(), targetType: 'GlobalUser' },
  'users.sign-in-failed': { details: triedAddress, personal: { email: 'target' }, targetType: 'GlobalUser' },
  'users.sign-in-blocked': { details: triedAddress, personal: { email: 'target' }, targetType: 'GlobalUser' },
  'users.password-changed': { details: detailsOf<undefined>(), targetType: 'GlobalUser' },
  'users.password-change-refused': { details: detailsOf<{ reason: 'wrong-password' | 'blocked' }>(), targetType: 'GlobalUser' },
  'users.password-reset': { details: detailsOf<undefined>(), targetType: 'GlobalUser' },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof passwordEvents> {}
}
