/**
 * The password that a pool opens its connections with, where that can change while the pool is open: a function, as MikroORM and
 * `pg` take it. When the server refuses the password it is read anew, and the connection is tried again if it has changed.
 */
export interface PasswordSource {
  /** The password as it is known. */
  (): string;
  /** Reads it again. @returns whether it is another one now */
  refresh(): Promise<boolean>;
}

/** Makes a password source of the password that is known and of what reads it again. */
export function passwordSource(known: string, read: () => Promise<string | undefined>): PasswordSource {
  let password = known;
  let reading: Promise<void> | undefined;
  return Object.assign(() => password, {
    async refresh(): Promise<boolean> {
      const refused = password;
      // A pool opens several connections at once: one of them asks for all.
      reading ??= read()
        .then((current) => void (password = current ?? password))
        .finally(() => (reading = undefined));
      await reading;
      return password !== refused;
    },
  });
}

/** Whether a password, as MikroORM has it, can be read anew. */
export function isPasswordSource(password: unknown): password is PasswordSource {
  return typeof password === 'function' && 'refresh' in password;
}
