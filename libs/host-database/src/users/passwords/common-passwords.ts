import { PasswordPackageMissingError } from './passwords.errors.js';
import { foldedPassword, lengthOf } from './password-text.js';
import type { PasswordsOptions } from './passwords.options.js';

/** The passwords that everybody guesses first, and those that the application names. The list is loaded when it is first asked for. */
export class CommonPasswords {
  private readonly own: readonly string[];
  private readonly minLength: number;
  private loaded: Promise<ReadonlySet<string>> | undefined;

  constructor({ commonPasswords, minLength }: Pick<PasswordsOptions, 'commonPasswords' | 'minLength'>) {
    this.own = commonPasswords.map(foldedPassword);
    this.minLength = minLength;
  }

  /** @throws PasswordPackageMissingError */
  async has(password: string): Promise<boolean> {
    return (await (this.loaded ??= this.load())).has(foldedPassword(password));
  }

  /** Only those that are long enough to be chosen at all, which are few of many. */
  private async load(): Promise<ReadonlySet<string>> {
    try {
      const { dictionary } = await import('@zxcvbn-ts/language-common');
      const known = dictionary['passwords-common'].filter((password) => lengthOf(password) >= this.minLength);
      return new Set([...known, ...this.own]);
    } catch (cause) {
      this.loaded = undefined;
      throw new PasswordPackageMissingError('@zxcvbn-ts/language-common', { cause });
    }
  }
}
