import { InvalidOptionError } from '../../common/index.js';

/** Signatures that only the issuer can make. Those with a shared secret, and none, are never taken. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** One issuer of access tokens that is trusted. */
export interface TokenIssuerOptions {
  /** As the `iss` claim has it; its `/.well-known/openid-configuration` says where its keys are. https, but on this machine. */
  readonly issuer: string;
  /** As the `aud` claim has it: tokens that were made for others are refused. */
  readonly audience: string | readonly string[];
  /** @default RS256, PS256, ES256, EdDSA */
  readonly algorithms?: readonly TokenAlgorithm[];
  /** Where its keys are, for one that has no discovery. */
  readonly jwksUri?: string;
  /** Whether only tokens of the type `at+jwt` are taken, so that no other kind of token of the issuer is. @default false */
  readonly requireAccessTokenType?: boolean;
  /** The claim with the id of the only tenant that the token is for. */
  readonly tenantClaim?: string;
  /** Whether a person who is not known yet is registered, by an `email` that the token says is verified. @default false */
  readonly provisionUsers?: boolean;
  /** How far its clock may be from ours. @default 30 */
  readonly clockToleranceSeconds?: number;
  /** For how long after its keys were read a token with an unknown one is refused without reading them again. @default 30 */
  readonly keysCooldownSeconds?: number;
}

/** With its defaults. */
export interface TrustedIssuer extends TokenIssuerOptions {
  readonly algorithms: readonly TokenAlgorithm[];
  readonly requireAccessTokenType: boolean;
  readonly provisionUsers: boolean;
  readonly clockToleranceSeconds: number;
  readonly keysCooldownSeconds: number;
}

const DEFAULTS = {
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  requireAccessTokenType: false,
  provisionUsers: false,
  clockToleranceSeconds: 30,
  keysCooldownSeconds: 30,
} as const;
const OPTION = 'access.tokens';
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const PROVIDER_MAX_LENGTH = 255;

/** @throws InvalidOptionError */
export function resolveTokenIssuers(given: readonly TokenIssuerOptions[] = []): readonly TrustedIssuer[] {
  const issuers = given.map((options) => ({ ...DEFAULTS, ...options }));
  for (const options of issuers) assertIssuer(options);
  if (new Set(issuers.map(({ issuer }) => issuer)).size < issuers.length) {
    throw new InvalidOptionError(OPTION, 'has the same issuer twice. Write one, with all of its audiences.');
  }
  return issuers;
}

/** Whether an address is one that nobody on the way can answer for. */
export function isTrustworthyUrl(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && LOCAL_HOSTS.has(hostname));
}

function assertIssuer({ issuer, audience, algorithms, jwksUri, clockToleranceSeconds, keysCooldownSeconds }: TrustedIssuer): void {
  if (!isTrustworthyUrl(issuer) || issuer.length > PROVIDER_MAX_LENGTH) {
    throw new InvalidOptionError(OPTION, `has the issuer '${issuer}'. Write it as its tokens do: an https address of at most 255 characters.`);
  }
  if (jwksUri !== undefined && !isTrustworthyUrl(jwksUri)) {
    throw new InvalidOptionError(OPTION, `has the jwksUri '${jwksUri}'. Use an https address.`);
  }
  if (audience.length === 0 || [audience].flat().some((each) => each === '')) {
    throw new InvalidOptionError(OPTION, `has no audience for ${issuer}. Say for whom its tokens have to be.`);
  }
  const unknown = algorithms.find((algorithm) => !TOKEN_ALGORITHMS.includes(algorithm));
  if (unknown !== undefined || algorithms.length === 0) {
    throw new InvalidOptionError(OPTION, `has the algorithm '${unknown ?? ''}' for ${issuer}. Use some of ${TOKEN_ALGORITHMS.join(', ')}.`);
  }
  if (![clockToleranceSeconds, keysCooldownSeconds].every((seconds) => Number.isFinite(seconds) && seconds >= 0)) {
    throw new InvalidOptionError(OPTION, `has a time for ${issuer} that is no number of seconds. Use 0 or more.`);
  }
}
