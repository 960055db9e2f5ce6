import { Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { RefusalRecords } from './refusal-records.js';
import type { SessionFacts, SessionProblem } from './session-state.js';
import { SessionRefusedError } from './sessions.errors.js';

/** What becomes of a session that does not count. */
@Injectable()
export class SessionRefusals {
  constructor(
    private readonly records: RefusalRecords,
    private readonly context: ContextService,
  ) {}

  /** Records it as `access.session-refused`, once a minute for each session or address, and returns what is to be thrown. */
  async refused(problem: SessionProblem, session: SessionFacts | undefined): Promise<SessionRefusedError> {
    await this.records.record(
      {
        eventType: 'access.session-refused',
        tenantId: session?.impersonation?.tenantId ?? null,
        ...(session && { targetId: session.userId }),
        details: { problem, ...(session && { sessionId: session.id }) },
      },
      `${problem} ${session?.id ?? this.context.current.ipAddress ?? ''}`,
    );
    return new SessionRefusedError(problem);
  }
}
