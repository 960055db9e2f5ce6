/** How system administrators may act as others. */
export interface ImpersonationOptions {
  /** For how long, at most 60. @default 60 */
  readonly maxMinutes: number;
}

export const defaultImpersonationOptions: ImpersonationOptions = { maxMinutes: 60 };
