import { Injectable } from '@nestjs/common';
import type { GlobalUser } from 'nestjs-host-database';
import { InvalidCredentialsError, PasswordSignIn, UsersService } from 'nestjs-host-database/users';
import { ActorService } from './actor.service.js';

/** Another address, and the password of who wants it. */
export interface EmailChange {
  readonly email: string;
  readonly currentPassword?: string;
}

/** The account of the actor. What takes it from them asks for their password again, if they have one. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordSignIn,
    private readonly actor: ActorService,
  ) {}

  async get(): Promise<GlobalUser> {
    return this.users.getById(this.actor.id);
  }

  /**
   * Has the actor sent a mail to another address, which is theirs once they have verified it.
   *
   * @throws InvalidCredentialsError, TooManyAttemptsError, DuplicateEmailError, InvalidInputError
   */
  async changeEmail({ email, currentPassword }: EmailChange): Promise<void> {
    await this.confirm(currentPassword);
    await this.users.changeEmail(this.actor.id, email);
  }

  /** Keeps the actor from signing in until an administrator lets them. @throws InvalidCredentialsError, TooManyAttemptsError, LastOwnerError */
  async deactivate(currentPassword: string | undefined): Promise<void> {
    await this.confirm(currentPassword);
    await this.users.deactivate(this.actor.id);
  }

  /** Removes the actor, with all that is theirs. @throws InvalidCredentialsError, TooManyAttemptsError, LastOwnerError */
  async delete(currentPassword: string | undefined): Promise<void> {
    await this.confirm(currentPassword);
    await this.users.delete(this.actor.id);
  }

  /** @throws InvalidCredentialsError, TooManyAttemptsError, both recorded */
  private async confirm(currentPassword = ''): Promise<void> {
    const { id, email } = await this.get();
    const user = await this.users.findByEmailWithPasswordHash(email);
    if (user?.id === id && user.passwordHash == null) return;
    const confirmed = await this.passwords.signIn({ email, password: currentPassword });
    // Somebody else may have taken the address meanwhile.
    if (confirmed.id !== id) throw new InvalidCredentialsError();
  }
}
