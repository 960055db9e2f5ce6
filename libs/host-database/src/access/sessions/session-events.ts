import { Injectable } from '@nestjs/common';

/** Why sessions were ended. */
export type SessionEnd =
  | 'signed-out'
  | 'revoked'
  | 'replaced'
  | 'password-changed'
  | 'user-deactivated'
  | 'user-deleted'
  | 'reused'
  | 'rights-changed'
  | 'impersonation-ended';

/** Sessions of a person have ended. */
export interface SessionsEnded {
  readonly userId: string;
  readonly reason: SessionEnd;
  readonly sessions: readonly { readonly id: string; readonly impersonationId: string | null }[];
}

type Listener = (event: SessionsEnded) => Promise<void>;

/** Where others take part in the end of sessions: in its transaction, and their failure is its failure. */
@Injectable()
export class SessionEvents {
  private readonly ended: Listener[] = [];

  onEnded(listener: Listener): void {
    this.ended.push(listener);
  }

  async emitEnded(event: SessionsEnded): Promise<void> {
    for (const listener of this.ended) await listener(event);
  }
}
