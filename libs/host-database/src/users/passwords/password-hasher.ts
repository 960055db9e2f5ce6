/**
 * Makes hashes of passwords. The library's own is argon2id; give another one as `users.passwords.hasher` to have hashes of a former
 * system verified too. It is given passwords as they are compared, whatever keyboard they came from.
 */
export abstract class PasswordHasher {
  /** A hash with today's parameters that no password has. */
  abstract readonly decoy: string;

  abstract hash(password: string): Promise<string>;

  /** Whether the hash is of this password. Costs the same, and is false, for a hash that it cannot read. */
  abstract verify(passwordHash: string, password: string): Promise<boolean>;

  /** Whether a hash was made with today's parameters. */
  abstract isCurrent(passwordHash: string): Promise<boolean>;
}
