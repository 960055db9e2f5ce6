import { HostDatabaseError } from '../../common/index.js';

/** Why an access token does not count. */
export type AccessTokenProblem =
  | 'malformed'
  | 'issuer'
  | 'audience'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'type'
  | 'expired'
  | 'not-yet-valid'
  | 'claims'
  | 'tenant-claim'
  | 'unknown-user'
  | 'email'
  | 'email-taken'
  | 'user-deactivated';

const PROBLEMS: Readonly<Record<AccessTokenProblem, string>> = {
  malformed: 'The access token is not a signed JWT. Send the one that the issuer made.',
  issuer: 'The issuer of the access token is not trusted. Use one of those in access.tokens.',
  audience: 'The access token was made for somebody else. Ask the issuer for one with the audience of this application.',
  algorithm: 'The access token is signed in a way that is not allowed. Have the issuer use one of the algorithms in access.tokens.',
  key: 'The access token is signed with a key that the issuer does not publish. Ask for a new one.',
  signature: 'The signature of the access token is wrong. Send the token as the issuer made it.',
  type: 'The token is not an access token: its typ is not at+jwt. Send the access token, and no other one.',
  expired: 'The access token is over. Ask the issuer for a new one.',
  'not-yet-valid': 'The access token does not count yet. Wait until it does.',
  claims: 'The access token lacks a claim, or has a wrong one. It needs iss, sub, aud and exp.',
  'tenant-claim': 'The access token does not say for which tenant it is. Have the issuer put the id into the claim in access.tokens.',
  'unknown-user': 'Nobody is known by the identity in the access token. Sign in once, or set provisionUsers.',
  email: 'The access token has no verified email to register somebody by. Have the issuer add email and email_verified.',
  'email-taken': 'Somebody else has the email of the access token. Sign in as them, and link the identity.',
  'user-deactivated': 'The account is deactivated.',
};

/** The request carries an access token that does not count, or not any more. */
export class AccessTokenRefusedError extends HostDatabaseError {
  readonly code = 'ACCESS_TOKEN_REFUSED';

  constructor(
    readonly problem: AccessTokenProblem,
    options?: ErrorOptions,
  ) {
    super(PROBLEMS[problem], options);
  }
}

/** The keys of a trusted issuer could not be read, so that nobody knows whether its tokens are good. */
export class TokenIssuerUnreachableError extends HostDatabaseError {
  readonly code = 'ACCESS_TOKEN_ISSUER_UNREACHABLE';

  constructor(
    readonly issuer: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`The keys of ${issuer} could not be read: ${problem} Try again; if it stays so, look at the address and the issuer.`, options);
  }
}

/** Access tokens are to be let in, and the package that checks them is not installed. */
export class JoseMissingError extends HostDatabaseError {
  readonly code = 'ACCESS_JOSE_MISSING';

  constructor(options?: ErrorOptions) {
    super('The package jose could not be loaded, which checks access tokens. Install it: npm install jose@6.', options);
  }
}
