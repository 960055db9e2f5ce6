import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';

/** Passwords, hashed with argon2id: the package's defaults are the parameters that OWASP recommends (19 MiB, 2 passes). */
@Injectable()
export class PasswordsService implements OnModuleInit {
  private decoy = '';

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash(randomUUID());
  }

  async hash(password: string): Promise<string> {
    return hash(password);
  }

  /** Tells whether the password is right. Takes as long for a user who does not exist or has no password: who does is not told. */
  async matches(passwordHash: string | null | undefined, password: string): Promise<boolean> {
    const isRight = await verify(passwordHash ?? this.decoy, password);
    return passwordHash != null && isRight;
  }
}
