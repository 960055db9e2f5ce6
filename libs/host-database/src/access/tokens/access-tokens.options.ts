/** One issuer of access tokens that is trusted. */
export interface TokenIssuerOptions {
  /** As the `iss` claim has it; its `/.well-known/openid-configuration` says where its keys are. */
  readonly issuer: string;
  /** As the `aud` claim has it: tokens that were made for others are refused. */
  readonly audience: string | readonly string[];
}
