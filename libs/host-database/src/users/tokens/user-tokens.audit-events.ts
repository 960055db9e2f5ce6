import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';
import type { UserTokenPurpose } from './user-token.entity.js';

/** Why a token is refused. */
export type TokenRefusal = 'unknown' | 'other-purpose' | 'used' | 'expired' | 'email-changed' | 'deactivated';

/** What the log says of what is sent by mail, and of what comes back. */
export const userTokenEvents = defineAuditEvents({
  'users.email-verification-requested': { details: detailsOf<undefined>(), targetType: 'GlobalUser' },
  'users.email-verified': { details: detailsOf<undefined>(), targetType: 'GlobalUser' },
  'users.email-change-requested': {
    details: detailsOf<{ email: string }>(),
    personal: { email: 'target' },
    targetType: 'GlobalUser',
  },
  'users.email-changed': {
    details: detailsOf<{ before: string; after: string }>(),
    personal: { before: 'target', after: 'target' },
    targetType: 'GlobalUser',
  },
  // Without a target where nobody has the address; the address is not kept then.
  'users.password-reset-requested': { details: detailsOf<undefined>(), targetType: 'GlobalUser' },
  'users.mail-token-refused': {
    details: detailsOf<{ purpose: UserTokenPurpose; reason: TokenRefusal }>(),
    targetType: 'GlobalUser',
  },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof userTokenEvents> {}
}
