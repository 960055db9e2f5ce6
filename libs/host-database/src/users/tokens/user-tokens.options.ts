/** How long what is sent by mail is good for. */
export interface UserTokensOptions {
  /** @default 24 */
  readonly verifyEmailHours: number;
  /** @default 60 */
  readonly resetPasswordMinutes: number;
}

export const defaultUserTokensOptions: UserTokensOptions = { verifyEmailHours: 24, resetPasswordMinutes: 60 };
