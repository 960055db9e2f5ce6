import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { type AuthenticationRequest, Authenticator, type Principal } from '../authentication/authenticator.js';
import { CredentialCache } from './credential-cache.js';
import { CsrfProtection } from './csrf-protection.js';
import { SessionActivity } from './session-activity.js';
import { SessionCookies } from './session-cookies.js';
import { type SessionCredential, sessionCredentialOf } from './session-credential.js';
import type { SessionEnd } from './session-events.js';
import { SessionReader } from './session-reader.js';
import { SessionRefusals } from './session-refusals.js';
import { SessionRotation } from './session-rotation.js';
import { hashOfSecret } from './session-secret.js';
import { problemOf, type SessionFacts, type SessionProblem } from './session-state.js';
import type { SessionTransport } from './session.entity.js';
import { SessionsService } from './sessions.service.js';

const MINUTE_MS = 60_000;
/** For how long the secret before is good: for requests that were under way. */
export const ROTATION_GRACE_MS = MINUTE_MS;
/** How often at most it is written that a session was used. */
const SEEN_EVERY_MS = MINUTE_MS;

/**
 * Lets in who carries a session of the library: the cookie of a browser, or an opaque bearer. Reads and writes apart from the request's
 * unit of work, so not inside a transaction; and nothing where the process remembers the session.
 */
@Injectable()
export class SessionAuthenticator extends Authenticator {
  constructor(
    private readonly reader: SessionReader,
    private readonly sessions: SessionsService,
    private readonly rotation: SessionRotation,
    private readonly activity: SessionActivity,
    private readonly cookies: SessionCookies,
    private readonly csrf: CsrfProtection,
    private readonly refusals: SessionRefusals,
    private readonly cache: CredentialCache,
    private readonly clock: Clock,
    private readonly unitOfWork: UnitOfWork,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {
    super();
  }

  /** @throws SessionRefusedError, CsrfRefusedError */
  override async authenticate(request: AuthenticationRequest): Promise<Principal | undefined> {
    const credential = sessionCredentialOf(request.headers, this.cookies.read(request.headers));
    if (!credential) return undefined;
    const session = await this.admit(credential);
    if (credential.transport === 'cookie') {
      await this.csrf.check(request, { secret: credential.secret, session });
      await this.rotateIfDue(credential.secret, session, request);
    }
    this.noteUse(session);
    return principalOf(session);
  }

  private async admit({ secret, transport }: SessionCredential): Promise<SessionFacts> {
    const hash = hashOfSecret(secret);
    const session = await this.find(hash);
    const problem = this.problemOf(session, hash, transport);
    if (session && !problem) return session;
    // One of the two who had the secret has stolen it: both are signed out.
    if (session && problem === 'reused') await this.end(session, 'reused');
    if (session && problem === 'impersonation-over') await this.end(session, 'rights-changed');
    throw await this.refusals.refused(problem ?? 'unknown', session);
  }

  private problemOf(session: SessionFacts | undefined, hash: string, transport: SessionTransport): SessionProblem | undefined {
    if (!session) return 'unknown';
    const now = this.clock.now();
    if (session.transport !== transport) return 'transport';
    return problemOf(session, now) ?? (this.isReused(session, hash, now) ? 'reused' : undefined);
  }

  private async find(hash: string): Promise<SessionFacts | undefined> {
    const key = `session:${hash}`;
    const remembered = this.cache.get<SessionFacts>(key);
    // Another process may have seen it later, or replaced its secret: the database knows.
    if (remembered && !this.isDue(remembered) && !problemOf(remembered, this.clock.now())) return remembered;
    return this.cache.load(key, async () => {
      const value = await this.unitOfWork.run(() => this.reader.findByHash(hash));
      if (!value || value.tokenHash !== hash || problemOf(value, this.clock.now())) return { value };
      const { userId, impersonation, expiresAt } = value;
      return { value, remember: { userIds: impersonation ? [userId, impersonation.adminUserId] : [userId], expiresAt } };
    });
  }

  /** Whether it came with the secret before the last one, and no request under way explains that. */
  private isReused({ tokenHash, rotatedAt }: SessionFacts, hash: string, now: Date): boolean {
    return tokenHash !== hash && now.getTime() >= rotatedAt.getTime() + ROTATION_GRACE_MS;
  }

  private async end({ id, userId }: SessionFacts, reason: SessionEnd): Promise<void> {
    await this.unitOfWork.run(() => this.sessions.endIfLive({ userId, sessionId: id }, reason));
  }

  private isDue({ transport, rotatedAt }: SessionFacts): boolean {
    const { rotateAfterMinutes } = this.options.sessions;
    if (transport !== 'cookie' || rotateAfterMinutes === 0) return false;
    return this.clock.now().getTime() >= rotatedAt.getTime() + rotateAfterMinutes * MINUTE_MS;
  }

  private async rotateIfDue(secret: string, session: SessionFacts, { setCookie }: AuthenticationRequest): Promise<void> {
    if (!setCookie || !this.isDue(session) || session.tokenHash !== hashOfSecret(secret)) return;
    const token = await this.rotation.rotate(session);
    if (token !== undefined) this.cookies.headersFor({ token, expiresAt: session.expiresAt }).forEach((cookie) => setCookie(cookie));
  }

  private noteUse(session: SessionFacts): void {
    const now = this.clock.now();
    if (now.getTime() < session.lastSeenAt.getTime() + SEEN_EVERY_MS) return;
    const idleExpiresAt = session.impersonation ? session.expiresAt : this.sessions.idleExpiryAt(now);
    // The facts may be remembered, and it is noted once.
    Object.assign(session, { lastSeenAt: now, idleExpiresAt });
    this.activity.note(session.id, { lastSeenAt: now, idleExpiresAt });
  }
}

function principalOf({ id, userId, impersonation, expiresAt }: SessionFacts): Principal {
  return {
    userId,
    sessionId: id,
    expiresAt,
    ...(impersonation && { tenantId: impersonation.tenantId, impersonatorUserId: impersonation.adminUserId }),
  };
}
