import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { AccessChanges, AccessMemory } from '../changes/index.js';
import { Session } from '../sessions/session.entity.js';

/** What there is to know of a person before anything is asked of a tenant. */
export interface UserStanding {
  readonly isSysAdmin: boolean;
}

/** Whether people may sign in, and what they are for the whole host; remembered while changes are heard. */
@Injectable()
export class UserStandings {
  private readonly users: AccessMemory<UserStanding | undefined>;
  private readonly sessions: AccessMemory<boolean>;

  constructor(
    changes: AccessChanges,
    @Inject(ACCESS_OPTIONS) { memory }: ResolvedAccessOptions,
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.users = new AccessMemory(changes, memory);
    this.sessions = new AccessMemory(changes, memory);
  }

  /** Returns it, or undefined for somebody who does not exist or may not sign in any more. */
  async find(userId: string): Promise<UserStanding | undefined> {
    const ask = async () => {
      const fields = ['id', 'isSysAdmin', 'deactivatedAt'] as const;
      const user = await this.unitOfWork.em.findOne(GlobalUser, { id: userId }, { ...FRESH, fields });
      return user && !user.deactivatedAt ? { isSysAdmin: user.isSysAdmin } : undefined;
    };
    return this.answer(this.users, { key: userId, userId, ask });
  }

  /** Whether a session that was valid has not been revoked since. When it ends by itself is not asked here. */
  async isSessionOpen({ userId, sessionId }: { readonly userId: string; readonly sessionId: string }): Promise<boolean> {
    const ask = async () => {
      const session = await this.unitOfWork.em.findOne(Session, { id: sessionId }, { ...FRESH, fields: ['id', 'revokedAt'] });
      return session !== null && !session.revokedAt;
    };
    return this.answer(this.sessions, { key: sessionId, userId, ask });
  }

  /** Inside a transaction the database is asked, with what that has written: nobody else is to be told, since it may be rolled back. */
  private async answer<T>(memory: AccessMemory<T>, { key, userId, ask }: Question<T>): Promise<T> {
    if (this.unitOfWork.isActive && this.unitOfWork.transactionEm) return ask();
    // In a unit of work of its own: that of the caller remembers what was.
    return memory.answer({ key, subjects: [`user:${userId}`], ask: () => this.unitOfWork.run(ask) });
  }
}

interface Question<T> {
  readonly key: string;
  /** Whose change would change the answer. */
  readonly userId: string;
  readonly ask: () => Promise<T>;
}

const FRESH = { disableIdentityMap: true } as const;
