import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type FilterQuery, LockMode } from '@mikro-orm/core';
import { AuditService } from '../../audit/index.js';
import { assertId, assertOneOf, Clock } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { UserEvents, UsersService } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { Impersonation } from '../impersonation/impersonation.entity.js';
import { InPerson } from '../impersonation/in-person.js';
import { CredentialCache } from './credential-cache.js';
import { type SessionEnd, SessionEvents } from './session-events.js';
import { hashOfSecret, newSecret } from './session-secret.js';
import { Session, SESSION_TRANSPORTS, type SessionTransport } from './session.entity.js';
import { SessionNotFoundError, SessionRefusedError } from './sessions.errors.js';

const DAY_MS = 86_400_000;
const IP_MAX_LENGTH = 45;
const USER_AGENT_MAX_LENGTH = 512;

/** A session to be. */
export interface NewSession {
  readonly userId: string;
  /** How its secret will travel. It is refused in any other way. */
  readonly transport: SessionTransport;
  /** @default the address of the context */
  readonly ipAddress?: string;
  /** @default the user agent of the context */
  readonly userAgent?: string;
  /** That a system administrator acts as the user: the session ends with that. */
  readonly impersonationId?: string;
}

/** A session and the secret that opens it, which nobody can read again. */
export interface OpenedSession {
  readonly session: Session;
  readonly token: string;
}

/** A session of a person. */
export interface SessionKey {
  readonly userId: string;
  readonly sessionId: string;
}

/** Who is signed in, where. Has no say in whether somebody may sign in: that was found out before. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly userEvents: UserEvents,
    private readonly events: SessionEvents,
    private readonly audit: AuditService,
    private readonly context: ContextService,
    private readonly clock: Clock,
    private readonly cache: CredentialCache,
    private readonly inPerson: InPerson,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {}

  onModuleInit(): void {
    this.userEvents.onPasswordChanged(({ userId }) => this.endAll(userId, 'password-changed'));
    this.userEvents.onDeactivated(({ userId }) => this.endAll(userId, 'user-deactivated'));
    this.userEvents.onDeleting(({ userId }) => this.endAll(userId, 'user-deleted'));
  }

  /**
   * Signs a person in: always a new session, whatever the request came with. Part of the caller's transaction. Who acts as somebody else
   * opens no session that would outlast that; their own they may.
   *
   * @throws UserNotFoundError, InvalidInputError, NotWhileImpersonatingError
   * @throws SessionRefusedError where the account is deactivated
   */
  async open({ userId, transport, ipAddress, userAgent, impersonationId }: NewSession): Promise<OpenedSession> {
    const { current } = this.context;
    const token = newSecret();
    if (userId !== current.impersonatorUserId) await this.inPerson.require();
    return this.unitOfWork.transactional(async (em) => {
      const user = await this.users.getById(userId);
      if (user.deactivatedAt != null) throw new SessionRefusedError('user-deactivated');
      const now = this.clock.now();
      const impersonation = impersonationId === undefined ? null : await em.findOneOrFail(Impersonation, impersonationId);
      const session = em.create(Session, {
        user,
        transport: assertOneOf(transport, SESSION_TRANSPORTS, 'transport'),
        tokenHash: hashOfSecret(token),
        rotatedAt: now,
        lastSeenAt: now,
        ...this.expiryOf(now, impersonation),
        impersonation,
        ipAddress: printable(ipAddress ?? current.ipAddress, IP_MAX_LENGTH),
        userAgent: printable(userAgent ?? current.userAgent, USER_AGENT_MAX_LENGTH),
        createdAt: now,
      });
      await em.flush();
      await this.audit.record({
        eventType: 'access.session-opened',
        tenantId: impersonation?.tenant.id ?? null,
        targetId: userId,
        details: { sessionId: session.id, transport, ...(impersonationId !== undefined && { impersonationId }) },
      });
      return { session, token };
    });
  }

  /** Returns the sessions of a person that may still be used, the last used one first. */
  async list(userId: string): Promise<Session[]> {
    const now = this.clock.now();
    const where = { ...this.live(assertId(userId, 'user')), idleExpiresAt: { $gt: now } };
    return this.unitOfWork.em.find(Session, where, { orderBy: { lastSeenAt: 'desc', id: 'desc' } });
  }

  /**
   * Ends one session of a person, in every process.
   *
   * @throws SessionNotFoundError where it is somebody else's, or over
   */
  async revoke({ userId, sessionId }: SessionKey, reason: SessionEnd = 'revoked'): Promise<void> {
    if (!(await this.endIfLive({ userId, sessionId }, reason))) throw new SessionNotFoundError(sessionId);
  }

  /** As {@link revoke}, for one that may have ended meanwhile. Returns whether it has ended now. */
  async endIfLive({ userId, sessionId }: SessionKey, reason: SessionEnd): Promise<boolean> {
    const where = { ...this.live(assertId(userId, 'user')), id: assertId(sessionId, 'session') };
    return (await this.end(where, userId, reason)) > 0;
  }

  /** Ends the sessions of a person but the one that they are in. Returns how many there were. */
  async revokeOthers({ userId, sessionId }: SessionKey): Promise<number> {
    const where = { ...this.live(assertId(userId, 'user')), id: { $ne: assertId(sessionId, 'session') } };
    return this.end(where, userId, 'revoked');
  }

  /** Ends all sessions of a person. Returns how many there were. */
  async revokeAll(userId: string): Promise<number> {
    return this.end(this.live(assertId(userId, 'user')), userId, 'revoked');
  }

  /** Ends the sessions in which somebody acts as a user by an impersonation. */
  async endOfImpersonation(impersonation: { readonly id: string; readonly userId: string }): Promise<void> {
    const where = { ...this.live(impersonation.userId), impersonation: impersonation.id };
    await this.end(where, impersonation.userId, 'impersonation-ended');
  }

  /** When a session that is used now ends unless it is used again. */
  idleExpiryAt(now: Date): Date {
    return new Date(now.getTime() + this.options.sessions.idleDays * DAY_MS);
  }

  private expiryOf(now: Date, impersonation: Impersonation | null): Pick<Session, 'idleExpiresAt' | 'expiresAt'> {
    if (impersonation) return { idleExpiresAt: impersonation.expiresAt, expiresAt: impersonation.expiresAt };
    return {
      idleExpiresAt: this.idleExpiryAt(now),
      expiresAt: new Date(now.getTime() + this.options.sessions.absoluteDays * DAY_MS),
    };
  }

  private live(userId: string) {
    return { user: userId, revokedAt: null, expiresAt: { $gt: this.clock.now() } } as const;
  }

  private async endAll(userId: string, reason: SessionEnd): Promise<void> {
    await this.end(this.live(userId), userId, reason);
  }

  private async end(where: FilterQuery<Session>, userId: string, reason: SessionEnd): Promise<number> {
    return this.unitOfWork.transactional(async (em) => {
      // A session that the caller has just opened is one of them.
      await em.flush();
      const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, orderBy: { id: 'asc' } } as const;
      const found = await em.find(Session, where, locked);
      if (found.length === 0) return 0;
      const sessions = found.map(({ id, impersonation }) => ({ id, impersonationId: impersonation?.id ?? null }));
      const sessionIds = sessions.map(({ id }) => id);
      const now = this.clock.now();
      // With the expiry, the rows are removed with those whose time was over.
      for (const session of found) Object.assign(session, { revokedAt: now, expiresAt: now });
      // By the unit of work: whoever ends a session waits until every process has heard of it.
      await em.flush();
      await this.audit.record({
        eventType: 'access.sessions-ended',
        tenantId: null,
        targetId: userId,
        details: { reason, sessionIds },
      });
      await this.events.emitEnded({ userId, reason, sessions });
      this.unitOfWork.afterCommit(() => this.cache.forget(userId));
      return sessions.length;
    });
  }
}

/** What came over the wire, without what a text column does not take. */
function printable(text: string | undefined, maxLength: number): string | null {
  return (
    text
      ?.replaceAll(/\p{Cc}/gu, '')
      .toWellFormed()
      .slice(0, maxLength)
      .toWellFormed() || null
  );
}
