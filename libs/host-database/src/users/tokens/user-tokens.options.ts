import { assertWholeOption, withDefaults } from '../../common/index.js';

/** How long what is sent by mail is good for, from the moment that it is sent. */
export interface UserTokensOptions {
  /** @default 24 */
  readonly verifyEmailHours: number;
  /** @default 60 */
  readonly resetPasswordMinutes: number;
}

/** @throws InvalidOptionError */
export function resolveUserTokensOptions(given: Partial<UserTokensOptions> | undefined): UserTokensOptions {
  const options = withDefaults({ verifyEmailHours: 24, resetPasswordMinutes: 60 }, given);
  assertWholeOption('users.tokens.verifyEmailHours', options.verifyEmailHours, 1);
  assertWholeOption('users.tokens.resetPasswordMinutes', options.resetPasswordMinutes, 1);
  return options;
}
