import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { hashOfSecret, newSecret } from './session-secret.js';
import type { SessionFacts } from './session-state.js';
import { Session } from './session.entity.js';

/** Replaces the secrets of sessions, so that one that was stolen is good for little, or is found out. */
@Injectable()
export class SessionRotation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a session a new secret and returns it, apart from the caller's transaction. Of requests at the same time one does it; the others
   * get none, and go on with the one that they have.
   */
  async rotate({ id, tokenHash }: SessionFacts): Promise<string | undefined> {
    const secret = newSecret();
    const change = { tokenHash: hashOfSecret(secret), previousTokenHash: tokenHash, rotatedAt: this.clock.now() };
    const changed = await this.unitOfWork.run((em) => em.nativeUpdate(Session, { id, tokenHash, revokedAt: null }, change));
    return changed === 1 ? secret : undefined;
  }
}
