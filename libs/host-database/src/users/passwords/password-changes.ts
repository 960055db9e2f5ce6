import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import type { GlobalUser } from '../global-user.entity.js';
import { UserTokens } from '../tokens/user-tokens.js';
import { UserEvents, UserPasswordChanged } from '../users.events.js';
import { PasswordBackoffs } from './password-backoffs.js';

/** A person and the password that they have from now on. */
export interface PasswordChange extends Pick<UserPasswordChanged, 'by'> {
  readonly user: GlobalUser;
  readonly passwordHash: string;
}

/** What follows from another password, whichever way it comes. */
@Injectable()
export class PasswordChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly backoffs: PasswordBackoffs,
    private readonly tokens: UserTokens,
    private readonly events: UserEvents,
  ) {}

  /** In the caller's transaction, with the user's row locked. */
  async apply({ user, passwordHash, by }: PasswordChange): Promise<void> {
    user.passwordHash = passwordHash;
    await this.unitOfWork.em.flush();
    await this.backoffs.forget(user.email);
    // Who has asked for a password, and has one again, needs no other. And whoever was signed in with the former one may have asked for
    // an address of their own, with which they would take the account back.
    await this.tokens.revoke(user.id, ['reset-password', 'change-email']);
    await this.events.emitPasswordChanged(new UserPasswordChanged(user.id, by));
  }
}
