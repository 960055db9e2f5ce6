/** Who a person is, by the word of somebody who is trusted to know: an identity token, or what an API of the provider said. */
export interface VerifiedIdentity {
  /** The issuer's URL. */
  readonly provider: string;
  /** Who the person is there, never used for somebody else. */
  readonly subject: string;
  readonly email?: string;
  /** Whether the provider has made sure that the address is the person's. */
  readonly emailVerified?: boolean;
}
