import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { type CookieResponse, methodOf } from './cookie-response.js';
import { CsrfProtection } from './csrf-protection.js';
import { SessionCookies } from './session-cookies.js';
import { sessionCredentialOf } from './session-credential.js';
import { SessionReader } from './session-reader.js';
import { hashOfSecret } from './session-secret.js';
import { type OpenedSession, SessionsService } from './sessions.service.js';

/** A request and its response, of either adapter. */
export interface SessionExchange {
  readonly headers: IncomingHttpHeaders;
  readonly response: CookieResponse;
}

/** Signs browsers in and out: the session, and the cookie that goes with it. Who they are was found out before. */
@Injectable()
export class SessionSignIn {
  constructor(
    private readonly sessions: SessionsService,
    private readonly reader: SessionReader,
    private readonly cookies: SessionCookies,
    private readonly csrf: CsrfProtection,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Opens a session and sets its cookie. Always a new one: what the browser came with, which somebody else may have put there, counts for
   * nothing, and a session that it was good for is ended. Inside a transaction of the caller's the cookie is set when that is committed.
   *
   * @throws CsrfRefusedError when another site's page has made the request, which is recorded; see `CsrfProtection.assertOwnPages()`
   * @throws UserNotFoundError, SessionRefusedError
   * @throws InvalidCredentialsError when they have another password than the one by which they have signed in in this request
   */
  async signIn({ userId, headers, response }: SessionExchange & { readonly userId: string }): Promise<OpenedSession> {
    const method = methodOf(response);
    await this.csrf.assertOwnPages({ headers, ...(method !== undefined && { method }) });
    const opened = await this.unitOfWork.transactional(async () => {
      const before = await this.find(headers);
      if (before) await this.sessions.endIfLive(before, 'replaced');
      return this.sessions.open({ userId, transport: 'cookie' });
    });
    const cookie = { token: opened.token, expiresAt: opened.session.expiresAt };
    this.unitOfWork.afterCommit(() => this.cookies.set(response, cookie));
    return opened;
  }

  /** Ends the session that a request came with, if it is one, by cookie or bearer, and has a browser forget it. */
  async signOut({ headers, response }: SessionExchange): Promise<void> {
    const before = await this.find(headers);
    if (before) await this.sessions.endIfLive(before, 'signed-out');
    this.unitOfWork.afterCommit(() => this.cookies.clear(response));
  }

  private async find(headers: IncomingHttpHeaders) {
    const credential = sessionCredentialOf(headers, this.cookies.read(headers));
    if (!credential) return undefined;
    const session = await this.reader.findByHash(hashOfSecret(credential.secret));
    return session?.transport === credential.transport ? { userId: session.userId, sessionId: session.id } : undefined;
  }
}
