import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';
import type { SessionEnd } from '../sessions/session-events.js';
import type { ImpersonationProblem } from './impersonation.errors.js';

/** Why an impersonation is over, where its time was not: somebody has ended it, or its session. */
export type ImpersonationEnd = 'ended' | SessionEnd;

/** What a tenant's log says of those who acted as its members. The target is the member. */
export const impersonationAuditEvents = defineAuditEvents({
  'access.impersonation-started': {
    details: detailsOf<{ impersonationId: string; adminUserId: string; reason: string; expiresAt: string }>(),
    targetType: 'user',
  },
  'access.impersonation-ended': {
    details: detailsOf<{ impersonationId: string; adminUserId: string; reason: ImpersonationEnd }>(),
    targetType: 'user',
  },
  'access.impersonation-refused': { details: detailsOf<{ problem: ImpersonationProblem }>(), targetType: 'user' },
  'access.refused-while-impersonating': { details: detailsOf<undefined>(), targetType: 'user' },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof impersonationAuditEvents> {}
}
