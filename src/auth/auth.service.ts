import { Injectable } from '@nestjs/common';
import type { GlobalUser } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { UsersService } from 'nestjs-host-database/users';
import { InvalidCredentialsError } from './auth.errors.js';
import { PasswordsService } from './passwords.service.js';
import { type Session, SessionsService } from './sessions.service.js';

/** How a person proves who they are. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** A session and whose it is. */
export interface SignedIn extends Session {
  readonly user: GlobalUser;
}

/** Signing up and signing in. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws DuplicateEmailError */
  async signUp({ email, password }: Credentials): Promise<SignedIn> {
    const user = await this.users.create({ email, passwordHash: await this.passwords.hash(password) });
    return this.openSession(user);
  }

  /** @throws InvalidCredentialsError, which is recorded as `auth.sign-in-failed` */
  async signIn({ email, password }: Credentials): Promise<SignedIn> {
    const user = await this.users.findByEmailWithPasswordHash(email);
    const isRight = await this.passwords.matches(user?.passwordHash, password);
    if (!user || !isRight) {
      await this.recordFailure(user);
      throw new InvalidCredentialsError();
    }
    return this.openSession(await this.users.recordLogin(user.id));
  }

  private async recordFailure(user: GlobalUser | null): Promise<void> {
    await this.audit.recordDetached({
      eventType: 'auth.sign-in-failed',
      tenantId: null,
      outcome: 'failure',
      ...(user && { targetId: user.id, details: { email: user.email } }),
    });
  }

  private async openSession(user: GlobalUser): Promise<SignedIn> {
    return { user, ...(await this.sessions.open(user.id)) };
  }
}
