import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';
import type { CsrfProblem } from './csrf.js';
import type { SessionProblem } from './session-state.js';
import type { SessionTransport } from './session.entity.js';
import type { SessionEnd } from './session-events.js';

/** What the log says of sessions. The target is the person whose they are. */
export const sessionAuditEvents = defineAuditEvents({
  'access.session-opened': {
    details: detailsOf<{ sessionId: string; transport: SessionTransport; impersonationId?: string }>(),
    targetType: 'user',
  },
  'access.sessions-ended': { details: detailsOf<{ reason: SessionEnd; sessionIds: string[] }>(), targetType: 'user' },
  /** Without a target where nobody has, or had, such a session. Once a minute for each session, or address. */
  'access.session-refused': { details: detailsOf<{ problem: SessionProblem; sessionId?: string }>(), targetType: 'user' },
  /** Without a target and a session where somebody was to be signed in. */
  'access.csrf-refused': {
    details: detailsOf<{ problem: CsrfProblem; sessionId?: string; origin?: string }>(),
    targetType: 'user',
  },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof sessionAuditEvents> {}
}
