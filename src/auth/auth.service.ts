import { Injectable } from '@nestjs/common';
import { ContextService } from 'nestjs-host-database';
import { type SessionExchange, SessionsService } from 'nestjs-host-database/access';
import { type PasswordCredentials, PasswordSignIn, UsersService } from 'nestjs-host-database/users';
import { ActorService } from './actor.service.js';
import { SessionOpener, type SessionRequest, type SignedIn } from './session-opener.js';

/** A password, and the one that is to take its place. */
export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** Signing up and signing in by password. */
@Injectable()
export class AuthService {
  constructor(
    private readonly passwords: PasswordSignIn,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly opener: SessionOpener,
    private readonly actor: ActorService,
    private readonly context: ContextService,
  ) {}

  /** @throws DuplicateEmailError, WeakPasswordError, CsrfRefusedError */
  async signUp(credentials: PasswordCredentials, request: SessionRequest): Promise<SignedIn> {
    this.opener.assertOwnPage(request);
    return this.opener.open(await this.passwords.register(credentials), request);
  }

  /** @throws InvalidCredentialsError, TooManyAttemptsError, both recorded; CsrfRefusedError */
  async signIn(credentials: PasswordCredentials, request: SessionRequest): Promise<SignedIn> {
    this.opener.assertOwnPage(request);
    return this.opener.open(await this.passwords.signIn(credentials), request);
  }

  /**
   * Gives the actor another password. Ends all their sessions, and opens another one in place of that which asks.
   *
   * @throws InvalidCredentialsError, TooManyAttemptsError, WeakPasswordError
   */
  async changePassword(change: PasswordChange, exchange: SessionExchange): Promise<SignedIn> {
    const userId = this.actor.id;
    const { sessionId } = this.context.current;
    const current = (await this.sessions.list(userId)).find(({ id }) => id === sessionId);
    await this.passwords.changePassword({ userId, ...change });
    return this.opener.open(await this.users.getById(userId), { transport: current?.transport ?? 'bearer', ...exchange });
  }
}
