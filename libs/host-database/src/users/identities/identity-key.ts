import { assertText, InvalidInputError } from '../../common/index.js';

/** What tells identities apart. */
export interface IdentityKey {
  readonly provider: string;
  readonly subject: string;
}

/**
 * Returns the identity that an `oauthId` names, by the first colon, if it has one.
 *
 * No issuer's URL can come out of it: what `oauth_id` says and what an issuer has vouched for never meet by chance.
 */
export function identityOfOAuthId(oauthId: string): IdentityKey | undefined {
  const colon = oauthId.indexOf(':');
  if (colon < 1 || colon === oauthId.length - 1) return undefined;
  return { provider: oauthId.slice(0, colon), subject: oauthId.slice(colon + 1) };
}

/** Returns the `oauthId` of an identity, the reverse of {@link identityOfOAuthId}. */
export function oauthIdOfIdentity({ provider, subject }: IdentityKey): string | undefined {
  return provider.includes(':') ? undefined : `${provider}:${subject}`;
}

/** Returns the key as it is: trimmed, one person's would be another's. @throws InvalidInputError */
export function assertIdentityKey({ provider, subject }: IdentityKey): IdentityKey {
  return { provider: assertExact(provider, 'provider'), subject: assertExact(subject, 'subject') };
}

function assertExact(value: string, field: string): string {
  if (assertText(value, field) !== value) throw new InvalidInputError(field, 'must not begin or end with white space.');
  return value;
}
