/** What a good token says. Without a type of jose, which who lets in no tokens has not installed. */
export interface VerifiedToken {
  readonly sub: string;
  /** Unix seconds. */
  readonly exp: number;
  readonly [claim: string]: unknown;
}
