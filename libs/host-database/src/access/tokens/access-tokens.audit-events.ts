import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';
import type { AccessTokenProblem } from './access-tokens.errors.js';

/** What the log says of access tokens of other issuers. */
export const accessTokenAuditEvents = defineAuditEvents({
  /** Once a minute for each problem and address. */
  'access.token-refused': { details: detailsOf<{ problem: AccessTokenProblem; issuer?: string }>() },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof accessTokenAuditEvents> {}
}
