import { Inject, Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import type { AuthenticationRequest } from '../authentication/authenticator.js';
import { type CsrfProblem, csrfProblemOf, originProblemOf } from './csrf.js';
import { RefusalRecords } from './refusal-records.js';
import type { SessionFacts } from './session-state.js';
import { CsrfRefusedError } from './sessions.errors.js';

const ORIGIN_MAX_LENGTH = 255;

/** Keeps other sites from making changes with the cookie that the browser sends along. A bearer is sent on purpose, and needs none. */
@Injectable()
export class CsrfProtection {
  constructor(
    private readonly refusals: RefusalRecords,
    private readonly context: ContextService,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {}

  /**
   * A refusal is recorded as `access.csrf-refused`, once a minute for each session.
   *
   * @throws CsrfRefusedError
   */
  async check(
    { method, headers }: AuthenticationRequest,
    { secret, session }: { readonly secret: string; readonly session: SessionFacts },
  ): Promise<void> {
    const { trustedOrigins, secure } = this.options.sessions;
    const problem = csrfProblemOf({ method, headers, secret, trustedOrigins, secure });
    if (problem) await this.refuse(problem, headers, session);
  }

  /**
   * Keeps other sites from signing a browser in as somebody of theirs: what then is entered, they read. For requests that are to set a
   * cookie, whoever makes them; `SessionSignIn.signIn()` asks by itself, and routes that are `@Public({ ownPagesOnly: true })` before they
   * run. A request that says nothing of where it comes from is let pass, since browsers say it: there is no session by which it could prove
   * more. One that only reads (GET) is no form of another site's; that a provider sends somebody back by one is held to the browser that
   * began. A refusal is recorded as `access.csrf-refused`, once a minute for each address.
   *
   * @throws CsrfRefusedError
   */
  async assertOwnPages({ method, headers }: AuthenticationRequest): Promise<void> {
    const { trustedOrigins, secure } = this.options.sessions;
    const problem = originProblemOf({ method, headers, trustedOrigins, secure });
    if (problem && problem !== 'no-proof') await this.refuse(problem, headers);
  }

  private async refuse(
    problem: CsrfProblem,
    { origin }: AuthenticationRequest['headers'],
    session?: SessionFacts,
  ): Promise<never> {
    const from = origin?.slice(0, ORIGIN_MAX_LENGTH).toWellFormed();
    await this.refusals.record(
      {
        eventType: 'access.csrf-refused',
        tenantId: session?.impersonation?.tenantId ?? null,
        ...(session && { targetId: session.userId }),
        details: { problem, ...(session && { sessionId: session.id }), ...(from !== undefined && { origin: from }) },
      },
      session?.id ?? this.context.current.ipAddress ?? '',
    );
    throw new CsrfRefusedError(problem);
  }
}
