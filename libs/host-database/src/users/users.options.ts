import { type MailOptions, resolveMailOptions } from './mail/mail.options.js';
import type { Mailer } from './mail/mailer.js';
import { type GivenPasswordsOptions, type PasswordsOptions, resolvePasswordsOptions } from './passwords/passwords.options.js';
import { resolveUserTokensOptions, type UserTokensOptions } from './tokens/user-tokens.options.js';

/** Injection token of the room's options, resolved. */
export const USERS_OPTIONS = Symbol('nestjs-host-database:users-options');

/** How people are known. */
export interface UsersOptions {
  /** Sends what has to reach a person outside of the application. Without one, what would send mail is refused. */
  readonly mailer?: Mailer;
  readonly mail?: Partial<MailOptions>;
  readonly passwords?: GivenPasswordsOptions;
  readonly tokens?: Partial<UserTokensOptions>;
}

export interface ResolvedUsersOptions {
  readonly mailer: Mailer | undefined;
  readonly mail: MailOptions;
  readonly passwords: PasswordsOptions;
  readonly tokens: UserTokensOptions;
}

/** @throws InvalidOptionError */
export function resolveUsersOptions({ mailer, mail, passwords, tokens }: UsersOptions = {}): ResolvedUsersOptions {
  return {
    mailer,
    mail: resolveMailOptions(mail),
    passwords: resolvePasswordsOptions(passwords),
    tokens: resolveUserTokensOptions(tokens),
  };
}
