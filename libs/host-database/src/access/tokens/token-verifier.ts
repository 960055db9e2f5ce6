import type { Clock } from '../../common/index.js';
import { type AccessTokenProblem, AccessTokenRefusedError } from './access-tokens.errors.js';
import type { TrustedIssuer } from './access-tokens.options.js';
import type { Jose } from './jose.js';
import { TokenKeys } from './token-keys.js';
import type { VerifiedToken } from './verified-token.js';

const PROBLEMS_BY_CLAIM: Readonly<Record<string, AccessTokenProblem>> = {
  iss: 'issuer',
  aud: 'audience',
  typ: 'type',
  nbf: 'not-yet-valid',
};
const SUBJECT_MAX_LENGTH = 255;

/** Checks the tokens of one issuer, by its keys and our clock. */
export class TokenVerifier {
  private readonly keys: TokenKeys;

  constructor(
    private readonly jose: Jose,
    private readonly clock: Clock,
    private readonly issuer: TrustedIssuer,
  ) {
    this.keys = new TokenKeys(jose, issuer);
  }

  /** @throws AccessTokenRefusedError, TokenIssuerUnreachableError */
  async verify(token: string): Promise<VerifiedToken> {
    const { issuer, audience, algorithms, requireAccessTokenType, clockToleranceSeconds } = this.issuer;
    try {
      const { payload } = await this.jose.jwtVerify(token, this.keys.get, {
        issuer,
        audience: [audience].flat(),
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        currentDate: this.clock.now(),
        requiredClaims: ['iss', 'sub', 'aud', 'exp'],
        ...(requireAccessTokenType && { typ: 'at+jwt' }),
      });
      const { sub, exp } = payload;
      if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_MAX_LENGTH || exp === undefined) {
        throw new AccessTokenRefusedError('claims');
      }
      return { ...payload, sub, exp };
    } catch (error) {
      if (!(error instanceof this.jose.errors.JOSEError)) throw error;
      throw new AccessTokenRefusedError(this.problemOf(error), { cause: error });
    }
  }

  private problemOf(error: Error): AccessTokenProblem {
    const { errors } = this.jose;
    if (error instanceof errors.JWTExpired) return 'expired';
    if (error instanceof errors.JWTClaimValidationFailed) return PROBLEMS_BY_CLAIM[error.claim] ?? 'claims';
    if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
    if (error instanceof errors.JOSENotSupported) return 'algorithm';
    if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return 'key';
    return 'malformed';
  }
}
