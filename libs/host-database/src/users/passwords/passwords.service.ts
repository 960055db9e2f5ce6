import { Inject, Injectable } from '@nestjs/common';
import { type ResolvedUsersOptions, USERS_OPTIONS } from '../users.options.js';
import { CommonPasswords } from './common-passwords.js';
import { PasswordHasher } from './password-hasher.js';
import { comparablePassword, foldedPassword, lengthOf } from './password-text.js';
import { WeakPasswordError } from './passwords.errors.js';
import type { PasswordsOptions } from './passwords.options.js';

/** A shorter name is in too many words to be looked for. */
const SHORTEST_NAME = 4;

/** What a new password must not be guessed from. */
export interface PasswordContext {
  readonly email?: string;
}

/** Passwords: which may be chosen, and whether one is right. Nothing here reads or writes a row. */
@Injectable()
export class Passwords {
  private readonly options: PasswordsOptions;
  private readonly common: CommonPasswords;

  constructor(
    private readonly hasher: PasswordHasher,
    @Inject(USERS_OPTIONS) { passwords }: ResolvedUsersOptions,
  ) {
    this.options = passwords;
    this.common = new CommonPasswords(passwords);
  }

  /**
   * Returns the hash of a password that somebody has chosen.
   *
   * @throws WeakPasswordError, InvalidInputError
   * @throws PasswordPackageMissingError
   */
  async hash(password: string, context: PasswordContext = {}): Promise<string> {
    return this.hasher.hash(await this.acceptable(password, context));
  }

  /**
   * Tells whether a password is right. Verifies one hash, whatever it is given: for a person who does not exist or has no password, for a
   * password that is too long and for a hash that cannot be read it is one that nothing fits.
   *
   * @throws InvalidInputError, PasswordPackageMissingError
   */
  async verify(passwordHash: string | null | undefined, password: string): Promise<boolean> {
    const text = comparablePassword(password, this.options.maxLength);
    if (text === undefined || passwordHash == null) {
      await this.hasher.verify(this.hasher.decoy, text ?? '');
      return false;
    }
    return this.hasher.verify(passwordHash, text);
  }

  /** Returns another hash of a password that is right, where the one that is kept was made with other parameters. */
  async rehash(passwordHash: string, password: string): Promise<string | undefined> {
    const text = comparablePassword(password, this.options.maxLength);
    if (text === undefined || (await this.hasher.isCurrent(passwordHash))) return undefined;
    return this.hasher.hash(text);
  }

  /** As it is compared. */
  private async acceptable(password: string, { email }: PasswordContext): Promise<string> {
    const { minLength, maxLength } = this.options;
    const text = comparablePassword(password, maxLength);
    if (text === undefined) throw new WeakPasswordError('too-long', maxLength);
    if (lengthOf(text) < minLength) throw new WeakPasswordError('too-short', minLength);
    if (email !== undefined && containsName(text, email)) throw new WeakPasswordError('contains-email');
    if (await this.common.has(text)) throw new WeakPasswordError('common');
    return text;
  }
}

/** What is before the `@`, without the part behind a `+` that a person makes up for each site. */
function containsName(password: string, email: string): boolean {
  const name = foldedPassword(email).split('@', 1)[0]!.split('+', 1)[0]!;
  return lengthOf(name) >= SHORTEST_NAME && foldedPassword(password).includes(name);
}
