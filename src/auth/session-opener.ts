import { Inject, Injectable } from '@nestjs/common';
import type { GlobalUser } from 'nestjs-host-database';
import {
  ACCESS_OPTIONS,
  csrfProblemOf,
  CsrfRefusedError,
  type resolveAccessOptions,
  type SessionExchange,
  SessionSignIn,
  SessionsService,
  type SessionTransport,
} from 'nestjs-host-database/access';

/** A session, whose it is, and its token, which a browser has in its cookie instead. */
export interface SignedIn {
  readonly user: GlobalUser;
  readonly expiresAt: Date;
  readonly token?: string;
}

/** How the client wants to keep its session. */
export interface SessionRequest extends SessionExchange {
  readonly transport: SessionTransport;
}

/** Opens sessions for those who have shown who they are. */
@Injectable()
export class SessionOpener {
  constructor(
    private readonly sessions: SessionsService,
    private readonly browsers: SessionSignIn,
    @Inject(ACCESS_OPTIONS) private readonly options: ReturnType<typeof resolveAccessOptions>,
  ) {}

  /**
   * Refuses a page of another site that wants to sign a browser in: as somebody of its own choice, who would see what is done then.
   *
   * @throws CsrfRefusedError
   */
  assertOwnPage({ transport, headers }: SessionRequest): void {
    if (transport !== 'cookie') return;
    const { trustedOrigins, secure } = this.options.sessions;
    const problem = csrfProblemOf({ method: 'POST', headers, secret: '', trustedOrigins, secure });
    // There is no session yet whose token could be the proof; browsers say where a request comes from.
    if (problem && problem !== 'no-proof' && problem !== 'wrong-token') throw new CsrfRefusedError(problem);
  }

  /** @throws SessionRefusedError where the account is deactivated */
  async open(user: GlobalUser, { transport, ...exchange }: SessionRequest): Promise<SignedIn> {
    if (transport === 'cookie') {
      const { session } = await this.browsers.signIn({ userId: user.id, ...exchange });
      return { user, expiresAt: session.expiresAt };
    }
    const { session, token } = await this.sessions.open({ userId: user.id, transport });
    return { user, expiresAt: session.expiresAt, token };
  }
}
