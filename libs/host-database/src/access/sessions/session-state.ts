import type { SessionTransport } from './session.entity.js';

/** Why a session does not count. */
export type SessionProblem =
  | 'unknown'
  | 'transport'
  | 'revoked'
  | 'reused'
  | 'expired'
  | 'idle'
  | 'user-deactivated'
  | 'impersonation-over';

/** That a session is one of a system administrator who acts as the user. */
export interface ImpersonationFacts {
  readonly id: string;
  readonly adminUserId: string;
  readonly tenantId: string;
  /** Whether it is open, the one is a system administrator still, and the other is none. */
  readonly isAllowed: boolean;
}

/** What there is to know of a session, whoever asks. */
export interface SessionFacts {
  readonly id: string;
  readonly userId: string;
  readonly transport: SessionTransport;
  /** The hash of its secret now; the one that was asked for may be that of the secret before. */
  readonly tokenHash: string;
  readonly rotatedAt: Date;
  readonly lastSeenAt: Date;
  readonly idleExpiresAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly isUserDeactivated: boolean;
  readonly impersonation: ImpersonationFacts | null;
}

/** Why the session does not count now; undefined where it does. Over at the very moment that the columns name. */
export function problemOf(session: SessionFacts, now: Date): SessionProblem | undefined {
  if (session.revokedAt !== null) return 'revoked';
  if (session.expiresAt <= now) return session.impersonation ? 'impersonation-over' : 'expired';
  if (session.idleExpiresAt <= now) return 'idle';
  if (session.isUserDeactivated) return 'user-deactivated';
  return session.impersonation && !session.impersonation.isAllowed ? 'impersonation-over' : undefined;
}
