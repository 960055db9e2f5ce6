/** How passwords are kept and guessed at. */
export interface PasswordsOptions {
  /** How many characters a new password has at least. @default 10 */
  readonly minLength: number;
}

export const defaultPasswordsOptions: PasswordsOptions = { minLength: 10 };
