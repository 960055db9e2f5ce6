import { describe, expect, it } from '@jest/globals';
import { InvalidInputError } from '../../common/index.js';
import { assertIdentityKey, identityOfOAuthId, oauthIdOfIdentity } from './identity-key.js';

describe(identityOfOAuthId, () => {
  it.each([
    ['google:1', { provider: 'google', subject: '1' }],
    ['corp:a:b', { provider: 'corp', subject: 'a:b' }],
    ['nobody', undefined],
    [':1', undefined],
    ['google:', undefined],
  ])('takes %p apart', (oauthId, identity) => {
    expect(identityOfOAuthId(oauthId)).toEqual(identity);
  });

  it.each(['google:1', 'corp:a:b', 'https://issuer.example:1'])('is undone for %p where it is no URL', (oauthId) => {
    const identity = identityOfOAuthId(oauthId);
    expect(identity && oauthIdOfIdentity(identity)).toBe(oauthId);
  });

  it('never makes the identity of an issuer', () => {
    // Of two issuers whose URLs differ by the port, one could otherwise name the subjects of the other.
    expect(oauthIdOfIdentity({ provider: 'https://issuer.example', subject: '8443:ada' })).toBeUndefined();
    expect(identityOfOAuthId('https://issuer.example:8443:ada')?.provider).toBe('https');
  });
});

describe(assertIdentityKey, () => {
  it('returns what it was given', () => {
    const key = { provider: 'https://issuer.example', subject: 'Ada|1' };
    expect(assertIdentityKey(key)).toEqual(key);
  });

  it.each(['', ' 1', '1 ', '1\n', '1\0', 'a'.repeat(256)])('refuses %j as a subject', (subject) => {
    expect(() => assertIdentityKey({ provider: 'google', subject })).toThrow(InvalidInputError);
  });
});
