import { Inject, Injectable } from '@nestjs/common';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import type { AuthenticationRequest } from '../authentication/authenticator.js';
import { csrfProblemOf } from './csrf.js';
import { RefusalRecords } from './refusal-records.js';
import type { SessionFacts } from './session-state.js';
import { CsrfRefusedError } from './sessions.errors.js';

const ORIGIN_MAX_LENGTH = 255;

/** Keeps other sites from making changes with the cookie that the browser sends along. A bearer is sent on purpose, and needs none. */
@Injectable()
export class CsrfProtection {
  constructor(
    private readonly refusals: RefusalRecords,
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
    if (!problem) return;
    const origin = headers.origin?.slice(0, ORIGIN_MAX_LENGTH).toWellFormed();
    await this.refusals.record(
      {
        eventType: 'access.csrf-refused',
        tenantId: session.impersonation?.tenantId ?? null,
        targetId: session.userId,
        details: { problem, sessionId: session.id, ...(origin !== undefined && { origin }) },
      },
      session.id,
    );
    throw new CsrfRefusedError(problem);
  }
}
